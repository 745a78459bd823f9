import { formatTime } from "#base/time.ts";
import { BerthError, isBerthError } from "#base/errors.ts";
import type { ImageService, StoredImage } from "#image/types.ts";
import { containerConfig, type ContainerConfig } from "#spec/docker/container-config.ts";
import type { ContainerDefaults } from "#spec/oci/image.ts";
import { familiarString } from "#spec/oci/reference.ts";
import { newName } from "../../image/tagged.ts";
import { applyChanges } from "../../image/apply-changes.ts";
import type { Clock } from "../../ports.ts";
import type { Container } from "../container.ts";
import { publishContainerEvent } from "../events.ts";
import { refuseGoing, type ExportDeps } from "./export.ts";
import { mergeConfig } from "../settings/merge-config.ts";
import { prepareSnapshot } from "./prepare-snapshot.ts";
import { withFiles } from "./view-of.ts";

export interface CommitDeps extends Omit<ExportDeps, "containerFiles"> {
  readonly images: ImageService;
  readonly clock: Clock;
  readonly pause: (reference: string) => Promise<void>;
  readonly unpause: (reference: string) => Promise<void>;
}

export interface CommitOptions {
  /** "" leaves the image without a name. */
  readonly repository: string;
  readonly tag: string;
  readonly comment: string;
  readonly author: string;
  /** Stop the processes while their files are read. */
  readonly pause: boolean;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  /** Instead of the container's own; what it leaves open is the container's. */
  readonly config: ContainerConfig | undefined;
}

/**
 * `POST /commit`: an image of a container's root as it is now, volumes, binds and tmpfs left out. `not-found` for the
 * container and for an image that was removed meanwhile, `invalid-parameter` for names and changes.
 */
export function commitContainer(deps: CommitDeps) {
  return async (reference: string, options: CommitOptions): Promise<{ readonly Id: string }> => {
    if (reference === "") throw new BerthError("invalid-parameter", 'invalid name or ID supplied: ""');
    const container = deps.registry.find(reference);
    refuseGoing(container, "commit");
    const name = nameOf(options);
    const own = container.spec.config;
    const changed = applyChanges(options.config ?? own, options.changes);
    const config = options.config === undefined ? changed : mergeConfig(changed, defaultsOf(own));
    const image = await stilled(deps, container, options.pause, async () => {
      const made = await make(deps, container, config, name, options);
      if (name !== undefined) {
        deps.events.publish({ type: "image", action: "tag", id: made.id, attributes: { name } });
      }
      const { comment } = options;
      publishContainerEvent(deps.events, "commit", container, { comment, imageID: made.id, imageRef: name ?? "" });
      return made;
    });
    return { Id: image.id };
  };
}

function make(
  deps: CommitDeps,
  container: Container,
  config: ContainerConfig,
  reference: string | undefined,
  { author, comment }: CommitOptions,
): Promise<StoredImage> {
  const { image, config: own } = container.spec;
  return withFiles(deps, container, async () => {
    const { upperDir } = await prepareSnapshot(deps, container.spec);
    return deps.images.commit({
      parentId: image.id,
      upperDir,
      config: containerConfig.print(config) as Readonly<Record<string, unknown>>,
      author,
      comment,
      createdBy: (own.Cmd ?? []).join(" "),
      created: formatTime(deps.clock.nowNs()),
      reference,
    });
  });
}

/** The same without nulls. */
function defaultsOf(config: ContainerConfig): ContainerDefaults {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}

function nameOf({ repository, tag }: CommitOptions): string | undefined {
  if (repository === "") return undefined;
  return familiarString(newName(repository, tag));
}

/** docker-compat: a container that cannot be paused, or does not run, is taken as it is. */
async function stilled<T>(deps: CommitDeps, container: Container, pause: boolean, act: () => Promise<T>): Promise<T> {
  if (!pause || container.status.state !== "running") return act();
  const paused = await deps.pause(container.id).then(
    () => true,
    (error: unknown) => {
      if (isBerthError(error, "conflict")) return false;
      throw error;
    },
  );
  try {
    return await act();
  } finally {
    if (paused) {
      await deps.unpause(container.id).catch((error: unknown) => {
        // It ended or was let go on by somebody else.
        if (!isBerthError(error, "conflict")) throw error;
      });
    }
  }
}

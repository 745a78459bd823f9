import { BerthError, isBerthError } from "#base/errors.ts";
import type { PathStat } from "#spec/docker/archive.ts";
import type { ContainerFiles, Events } from "../../ports.ts";
import type { RuntimePlanner } from "../../planner-ports.ts";
import type { Container } from "../container.ts";
import { publishContainerEvent } from "../events.ts";
import { prepareSnapshot } from "./prepare-snapshot.ts";
import { viewOf, withFiles, writable, type ViewDeps } from "./view-of.ts";

export interface PathDeps extends ViewDeps {
  readonly containerFiles: ContainerFiles;
  readonly events: Events;
  readonly planner: Pick<RuntimePlanner, "userIds">;
}

/** `HEAD /containers/{id}/archive`: what a path is. `not-found` in Docker's words. */
export function statContainerPath(deps: PathDeps) {
  return async (reference: string, path: string): Promise<PathStat> => {
    const container = deps.registry.find(reference);
    return withFiles(deps, container, async (root, volumes) => {
      const view = await viewOf(deps, container, root, volumes);
      return named(path, reference, () => deps.containerFiles.stat(view, path));
    });
  };
}

/**
 * `GET /containers/{id}/archive`: a path with all below it as a tar archive. The container may change and start while it
 * is read; what is taken away meanwhile cuts the archive off.
 */
export function readContainerPath(deps: PathDeps) {
  return async (
    reference: string,
    path: string,
  ): Promise<{ readonly stat: PathStat; readonly chunks: AsyncIterable<Uint8Array> }> => {
    const container = deps.registry.find(reference);
    const found = await withFiles(deps, container, async (root, volumes) => {
      const view = await viewOf(deps, container, root, volumes);
      return named(path, reference, () => deps.containerFiles.read(view, path));
    });
    publishContainerEvent(deps.events, "archive-path", container);
    return found;
  };
}

export interface ExtractOptions {
  readonly noOverwriteDirNonDir: boolean;
  /** Members belong to the container's own user, where it has one, instead of to the archive's. */
  readonly copyUidGid: boolean;
}

/**
 * `PUT /containers/{id}/archive`: lay an archive out in a directory. `forbidden` where mounts or the root are read-only,
 * `invalid-parameter` for an archive that is none or that leads out of the directory; what came before it stays.
 */
export function extractToContainer(deps: PathDeps) {
  return async (
    reference: string,
    path: string,
    options: ExtractOptions,
    body: AsyncIterable<Uint8Array>,
  ): Promise<void> => {
    const container = deps.registry.find(reference);
    await withFiles(deps, container, async (root, volumes) => {
      const view = await viewOf(deps, container, writable(root), volumes);
      const owner = options.copyUidGid ? await ownerOf(deps, container) : null;
      const request = { path, options: { keepTypes: options.noOverwriteDirNonDir, owner }, body };
      await named(path, reference, () => deps.containerFiles.extract(view, request));
    });
    publishContainerEvent(deps.events, "extract-to-dir", container);
  };
}

async function ownerOf(
  deps: PathDeps,
  container: Container,
): Promise<{ readonly uid: number; readonly gid: number } | null> {
  const { User } = container.spec.config;
  if (User === "") return null;
  return deps.planner.userIds(await prepareSnapshot(deps, container.spec), User);
}

async function named<T>(path: string, reference: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
    throw new BerthError("not-found", `Could not find the file ${path} in container ${reference}`, { cause: error });
  }
}

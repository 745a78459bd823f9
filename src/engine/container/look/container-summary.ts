import type { Endpoint } from "#network/types.ts";
import type { ContainerSummary } from "#spec/docker/container.ts";
import type { Container } from "../container.ts";
import { mountPoints } from "../mounts/mount-points.ts";
import { networksOf, portSummaries } from "../network/network-settings.ts";
import type { ContainerSpec, Life } from "../spec.ts";
import { stateName } from "../state.ts";
import { statusText } from "./status-text.ts";

/** What a container's summary tells beside the container itself. */
export interface Surroundings {
  /** `parent/alias` of the links that lead to it. */
  readonly linkNames: readonly string[];
  readonly endpoints: readonly Endpoint[];
  readonly nowNs: bigint;
}

interface Kept {
  readonly spec: ContainerSpec;
  readonly life: Life;
  readonly name: string;
  readonly linkNames: readonly string[];
  readonly endpoints: readonly Endpoint[];
  readonly summary: ContainerSummary;
}

/**
 * Summaries of containers. While nothing changes of what it tells, a container's is the same object as before: it need not be
 * made anew, and who prints it may keep the text.
 */
export class Summaries {
  readonly #kept = new WeakMap<Container, Kept>();

  of(container: Container, surroundings: Surroundings): ContainerSummary {
    const kept = this.#kept.get(container);
    if (kept !== undefined && holds(kept, container, surroundings)) return kept.summary;
    const { spec, life, name } = container;
    const { linkNames, endpoints } = surroundings;
    const summary = containerSummary(container, surroundings);
    this.#kept.set(container, { spec, life, name, linkNames, endpoints, summary });
    return summary;
  }
}

function holds(kept: Kept, { spec, life, name }: Container, { linkNames, endpoints, nowNs }: Surroundings): boolean {
  return (
    kept.life === life &&
    kept.spec === spec &&
    kept.name === name &&
    isSameList(kept.endpoints, endpoints) &&
    isSameList(kept.linkNames, linkNames) &&
    kept.summary.Status === statusText(life.status, nowNs, life.health)
  );
}

const isSameList = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one === other || (one.length === other.length && one.every((item, index) => item === other[index]));

/** A container as lists tell of it; `size` where it was asked for. */
export function containerSummary(
  container: Container,
  { linkNames, endpoints, nowNs }: Surroundings,
  size: Pick<ContainerSummary, "SizeRw" | "SizeRootFs"> = {},
): ContainerSummary {
  const { spec, status } = container;
  const { health } = container.life;
  const annotations = spec.hostConfig.Annotations;
  return {
    Id: container.id,
    Names: [container.name, ...linkNames].map((name) => `/${name}`),
    Image: spec.image.reference,
    ImageID: spec.image.id,
    ...(spec.image.manifest === undefined ? {} : { ImageManifestDescriptor: spec.image.manifest }),
    Command: commandText(spec.argv),
    Created: Number(container.createdAtNs / 1_000_000_000n),
    Ports: portSummaries(container, endpoints),
    ...size,
    Labels: spec.config.Labels ?? {},
    State: stateName(status),
    Status: statusText(status, nowNs, health),
    Health: { Status: health?.status ?? "none", FailingStreak: health?.failingStreak ?? 0 },
    HostConfig: {
      NetworkMode: spec.hostConfig.NetworkMode,
      ...(annotations === null || annotations === undefined ? {} : { Annotations: annotations }),
    },
    NetworkSettings: { Networks: networksOf(container, endpoints) },
    Mounts: mountPoints(spec.mounts),
  };
}

/** The path and the words joined; words with blanks are quoted as Docker does. */
function commandText(argv: readonly string[]): string {
  return argv.map((word, index) => (index > 0 && word.includes(" ") ? `'${word}'` : word)).join(" ");
}

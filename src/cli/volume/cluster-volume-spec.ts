import { map } from "../flags/flag-kind.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { pairs } from "../container/options/resource-options.ts";

/** The flags of `volume create` that make it a swarm's volume. */
const CLUSTER_FLAGS = [
  "availability",
  "group",
  "limit-bytes",
  "required-bytes",
  "scope",
  "secret",
  "sharing",
  "topology-preferred",
  "topology-required",
  "type",
] as const;

/** What a swarm is to make (Engine API definition `ClusterVolumeSpec`); undefined when none of its flags was given. */
export function clusterVolumeSpec(flags: FlagValues): Readonly<Record<string, unknown>> | undefined {
  if (!CLUSTER_FLAGS.some((name) => flags.given(name))) return undefined;
  const group = flags.text("group");
  const type = flags.text("type");
  const secrets = Object.entries(flags.get("secret", map)).map(([Key, Secret]) => ({ Key, Secret }));
  const topologies = (name: string): readonly unknown[] =>
    flags.list(name).map((segments) => ({ Segments: pairs(segments.split(",")) }));
  const [required, preferred] = [topologies("topology-required"), topologies("topology-preferred")];
  return {
    ...(group === "" ? {} : { Group: group }),
    AccessMode: {
      Scope: flags.text("scope"),
      Sharing: flags.text("sharing"),
      ...(type === "mount" ? { MountVolume: {} } : {}),
      ...(type === "block" ? { BlockVolume: {} } : {}),
    },
    AccessibilityRequirements: {
      ...(required.length === 0 ? {} : { Requisite: required }),
      ...(preferred.length === 0 ? {} : { Preferred: preferred }),
    },
    CapacityRange: { RequiredBytes: flags.number("required-bytes"), LimitBytes: flags.number("limit-bytes") },
    ...(secrets.length === 0 ? {} : { Secrets: secrets }),
    Availability: flags.text("availability"),
  };
}

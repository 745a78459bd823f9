import type { Command } from "../command.ts";
import { label } from "../container/options/checks.ts";
import { bytes } from "../container/options/resource-options.ts";
import { checkedList, filter, list, map, text, toggle } from "../flags/flag-kind.ts";
import { FORMAT_USAGE, TABLE_FORMAT_USAGE } from "./format-usage.ts";

const labels = checkedList(label);
/** The Engine API that knows a swarm's volumes, and volumes without a name of their own. */
const sinceApi = "1.42";

/** Commands about volumes. */
export const volumeCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["volume create"],
    usage: "[OPTIONS] [VOLUME]",
    summary: "Create a volume",
    flags: [
      {
        name: "availability",
        kind: text,
        usage: 'Cluster Volume availability ("active", "pause", "drain")',
        fallback: "active",
        value: "active",
        sinceApi,
      },
      {
        name: "driver",
        short: "d",
        kind: text,
        usage: "Specify volume driver name",
        fallback: "local",
        value: "local",
      },
      { name: "group", kind: text, usage: "Cluster Volume group (cluster volumes)", sinceApi },
      { name: "label", kind: labels, usage: "Set metadata for a volume" },
      { name: "limit-bytes", kind: bytes, usage: "Minimum size of the Cluster Volume in bytes", sinceApi },
      { name: "name", kind: text, usage: "Specify volume name", hidden: true },
      { name: "opt", short: "o", kind: map, usage: "Set driver specific options", fallback: "map[]" },
      { name: "required-bytes", kind: bytes, usage: "Maximum size of the Cluster Volume in bytes", sinceApi },
      {
        name: "scope",
        kind: text,
        usage: 'Cluster Volume access scope ("single", "multi")',
        fallback: "single",
        value: "single",
        sinceApi,
      },
      { name: "secret", kind: map, usage: "Cluster Volume secrets", fallback: "map[]", sinceApi },
      {
        name: "sharing",
        kind: text,
        usage: 'Cluster Volume access sharing ("none", "readonly", "onewriter", "all")',
        fallback: "none",
        value: "none",
        sinceApi,
      },
      {
        name: "topology-preferred",
        kind: list,
        usage: "A topology that the Cluster Volume would be preferred in",
        sinceApi,
      },
      {
        name: "topology-required",
        kind: list,
        usage: "A topology that the Cluster Volume must be accessible from",
        sinceApi,
      },
      {
        name: "type",
        kind: text,
        usage: 'Cluster Volume access type ("mount", "block")',
        fallback: "block",
        value: "block",
        sinceApi,
      },
    ],
    args: { kind: "at-most", count: 1 },
    load: async () => (await import("../volume/create.ts")).createVolume,
  },
  {
    kind: "command",
    paths: ["volume inspect"],
    usage: "[OPTIONS] VOLUME [VOLUME...]",
    summary: "Display detailed information on one or more volumes",
    flags: [{ name: "format", short: "f", kind: text, usage: FORMAT_USAGE }],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../inspect/inspect-command.ts")).inspectVolumes,
  },
  {
    kind: "command",
    paths: ["volume ls", "volume list"],
    usage: "[OPTIONS]",
    summary: "List volumes",
    flags: [
      {
        name: "cluster",
        kind: toggle,
        usage: "Display only cluster volumes, and use cluster volume list formatting",
        sinceApi,
      },
      { name: "filter", short: "f", kind: filter, usage: 'Provide filter values (e.g. "dangling=true")' },
      { name: "format", kind: text, usage: TABLE_FORMAT_USAGE },
      { name: "quiet", short: "q", kind: toggle, usage: "Only display volume names" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../volume/list.ts")).listVolumes,
  },
  {
    kind: "command",
    paths: ["volume prune"],
    usage: "[OPTIONS]",
    summary: "Remove unused local volumes",
    flags: [
      {
        name: "all",
        short: "a",
        kind: toggle,
        usage: "Remove all unused volumes, not just anonymous ones",
        sinceApi,
      },
      { name: "filter", kind: filter, usage: 'Provide filter values (e.g. "label=<label>")' },
      { name: "force", short: "f", kind: toggle, usage: "Do not prompt for confirmation" },
    ],
    args: { kind: "none" },
    load: async () => (await import("../prune/prune-volumes.ts")).pruneVolumes,
  },
  {
    kind: "command",
    paths: ["volume rm", "volume remove"],
    usage: "[OPTIONS] VOLUME [VOLUME...]",
    summary: "Remove one or more volumes",
    description: "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
    flags: [{ name: "force", short: "f", kind: toggle, usage: "Force the removal of one or more volumes" }],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../volume/remove.ts")).removeVolumes,
  },
  {
    kind: "command",
    paths: ["volume update"],
    usage: "[OPTIONS] [VOLUME]",
    summary: "Update a volume (cluster volumes only)",
    flags: [
      {
        name: "availability",
        kind: text,
        usage: 'Cluster Volume availability ("active", "pause", "drain")',
        fallback: "active",
        value: "active",
      },
    ],
    args: { kind: "exactly", count: 1 },
    sinceApi,
    load: async () => (await import("../volume/update.ts")).updateVolume,
  },
];

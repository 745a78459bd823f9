import type { Command } from "../command.ts";
import type { FlagSpec } from "../flags/flag-kind.ts";
import { checkedList, map, text, toggle } from "../flags/flag-kind.ts";
import { label } from "../container/options/checks.ts";
import { TABLE_FORMAT_USAGE } from "./format-usage.ts";

const live: FlagSpec = {
  name: "live",
  kind: toggle,
  usage: "Do not pause the containers that may write to the volume: files may be caught half written",
};
const stillness =
  "Containers that may write to the volume are paused meanwhile. Files share their blocks with the copy where the file system can.";

/** Commands about volumes that Docker does not have. */
export const volumeCopyCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["volume clone"],
    usage: "[OPTIONS] VOLUME[@SNAPSHOT] NAME",
    summary: "Make a volume with the files of another one",
    description: `Make a volume with the files, labels and options of another one or of a snapshot. ${stillness}`,
    flags: [live],
    args: { kind: "exactly", count: 2 },
    load: async () => (await import("../volume/copies.ts")).cloneVolume,
  },
  {
    kind: "command",
    paths: ["volume export"],
    usage: "[OPTIONS] VOLUME[@SNAPSHOT]",
    summary: "Export a volume's files as a tar archive",
    description:
      "Export a volume's files, or a snapshot's, as a tar archive with owners, times, extended attributes and holes. What writes to the volume goes on: export a snapshot to have everything as of one moment.",
    flags: [{ name: "output", short: "o", kind: text, usage: "Write to a file, instead of STDOUT" }],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../volume/copies.ts")).exportVolume,
  },
  {
    kind: "command",
    paths: ["volume import"],
    usage: "[OPTIONS] NAME [FILE|-]",
    summary: "Make a volume with the files of a tar archive",
    description: "Make a volume with the files of a tar archive, plain or compressed by gzip or zstd.",
    flags: [
      { name: "label", kind: checkedList(label), usage: "Set metadata for a volume" },
      { name: "opt", short: "o", kind: map, usage: "Set driver specific options: size=10g", fallback: "map[]" },
    ],
    args: { kind: "between", least: 1, most: 2 },
    load: async () => (await import("../volume/copies.ts")).importVolume,
  },
  {
    kind: "command",
    paths: ["volume lock"],
    usage: "VOLUME [VOLUME...]",
    summary: "Forbid the removal of one or more volumes",
    description: "Forbid the removal of volumes: by rm, also with --force, by prune, by rm -v, and by restore.",
    flags: [],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../volume/copies.ts")).lockVolumes(true),
  },
  {
    kind: "command",
    paths: ["volume rename"],
    usage: "VOLUME NAME",
    summary: "Rename a volume",
    description: "Rename a volume. Its snapshots and the containers that have it, running or not, follow.",
    flags: [],
    args: { kind: "exactly", count: 2 },
    load: async () => (await import("../volume/copies.ts")).renameVolume,
  },
  {
    kind: "command",
    paths: ["volume restore"],
    usage: "VOLUME@SNAPSHOT",
    summary: "Put the files of a snapshot into the place of the volume's",
    description:
      "Put the files of a snapshot into the place of the volume's, all at once. No container that has the volume may run. The snapshot stays.",
    flags: [],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../volume/copies.ts")).restoreVolume,
  },
  {
    kind: "command",
    paths: ["volume snapshot"],
    usage: "[OPTIONS] VOLUME [NAME]",
    summary: "Keep a copy of a volume as it is now",
    description: `Keep a copy of a volume as it is now, named after the time unless a name is given. ${stillness} "volume rm VOLUME@NAME" removes it.`,
    flags: [live],
    args: { kind: "between", least: 1, most: 2 },
    load: async () => (await import("../volume/copies.ts")).snapshotVolume,
  },
  {
    kind: "command",
    paths: ["volume snapshots"],
    usage: "[OPTIONS] VOLUME",
    summary: "List the snapshots of a volume",
    flags: [
      { name: "format", kind: text, usage: TABLE_FORMAT_USAGE },
      { name: "quiet", short: "q", kind: toggle, usage: "Only display names" },
    ],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../volume/copies.ts")).listSnapshots,
  },
  {
    kind: "command",
    paths: ["volume unlock"],
    usage: "VOLUME [VOLUME...]",
    summary: "Allow the removal of one or more volumes again",
    flags: [],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../volume/copies.ts")).lockVolumes(false),
  },
];

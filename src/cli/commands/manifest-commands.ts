import type { Command } from "../command.ts";
import { strings, text, toggle } from "../flags/flag-kind.ts";

const insecure = {
  name: "insecure",
  kind: toggle,
  usage: "Allow communication with an insecure registry",
} as const;

/** Manifest lists put together from images that a registry has. */
export const manifestCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["manifest create"],
    usage: "MANIFEST_LIST MANIFEST [MANIFEST...]",
    summary: "Create a local manifest list for annotating and pushing to a registry",
    flags: [{ name: "amend", short: "a", kind: toggle, usage: "Amend an existing manifest list" }, insecure],
    args: { kind: "at-least", count: 2 },
    load: async () => (await import("../manifest/create.ts")).createList,
  },
  {
    kind: "command",
    paths: ["manifest annotate"],
    usage: "[OPTIONS] MANIFEST_LIST MANIFEST",
    summary: "Add additional information to a local image manifest",
    flags: [
      { name: "arch", kind: text, usage: "Set architecture" },
      { name: "os", kind: text, usage: "Set operating system" },
      { name: "os-features", kind: strings, usage: "Set operating system feature" },
      { name: "os-version", kind: text, usage: "Set operating system version" },
      { name: "variant", kind: text, usage: "Set architecture variant" },
    ],
    args: { kind: "exactly", count: 2 },
    load: async () => (await import("../manifest/annotate.ts")).annotateManifest,
  },
  {
    kind: "command",
    paths: ["manifest inspect"],
    usage: "[OPTIONS] [MANIFEST_LIST] MANIFEST",
    summary: "Display an image manifest, or manifest list",
    flags: [
      insecure,
      { name: "verbose", short: "v", kind: toggle, usage: "Output additional info including layers and platform" },
    ],
    args: { kind: "between", least: 1, most: 2 },
    load: async () => (await import("../manifest/inspect.ts")).inspectManifest,
  },
  {
    kind: "command",
    paths: ["manifest push"],
    usage: "[OPTIONS] MANIFEST_LIST",
    summary: "Push a manifest list to a repository",
    flags: [
      { ...insecure, usage: "Allow push to an insecure registry" },
      { name: "purge", short: "p", kind: toggle, usage: "Remove the local manifest list after push" },
    ],
    args: { kind: "exactly", count: 1 },
    load: async () => (await import("../manifest/push.ts")).pushList,
  },
  {
    kind: "command",
    paths: ["manifest rm"],
    usage: "MANIFEST_LIST [MANIFEST_LIST...]",
    summary: "Delete one or more manifest lists from local storage",
    flags: [],
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../manifest/remove.ts")).removeLists,
  },
];

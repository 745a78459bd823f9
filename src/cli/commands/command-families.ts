import type { Command, CommandFamily, CommandGroup } from "../command.ts";

export const commandGroups: readonly CommandGroup[] = [
  { kind: "group", path: "builder", summary: "Manage builds" },
  { kind: "group", path: "buildx", summary: "Manage builds, by the names that Docker's plugin has" },
  { kind: "group", path: "container", summary: "Manage containers" },
  { kind: "group", path: "context", summary: "Manage contexts" },
  { kind: "group", path: "image", summary: "Manage images" },
  { kind: "group", path: "manifest", summary: "Manage image manifests and manifest lists", usage: "COMMAND" },
  { kind: "group", path: "network", summary: "Manage networks" },
  { kind: "group", path: "registry", summary: "Serve images to others" },
  { kind: "group", path: "system", summary: "Manage Docker" },
  { kind: "group", path: "volume", summary: "Manage volumes", usage: "COMMAND" },
];

/** Every command of the engine's client. The composition root adds those that are other programs (`daemon`). */
export const engineFamilies: readonly CommandFamily[] = [
  {
    words: ["build", "builder", "buildx", "image"],
    load: async () => (await import("./build-commands.ts")).buildCommands,
  },
  {
    words: [
      "attach",
      "commit",
      "container",
      "cp",
      "create",
      "debug",
      "diff",
      "exec",
      "export",
      "kill",
      "logs",
      "pause",
      "port",
      "ps",
      "rename",
      "restart",
      "rm",
      "run",
      "start",
      "stats",
      "stop",
      "top",
      "unpause",
      "update",
      "wait",
      "why",
    ],
    load: async () => (await import("./container-commands.ts")).containerCommands,
  },
  {
    words: ["context"],
    load: async () => (await import("./context-commands.ts")).contextCommands,
  },
  {
    words: ["history", "image", "images", "import", "load", "pull", "push", "rmi", "save", "search", "tag"],
    load: async () => (await import("./image-commands.ts")).imageCommands,
  },
  {
    words: ["manifest"],
    load: async () => (await import("./manifest-commands.ts")).manifestCommands,
  },
  {
    words: ["network"],
    load: async () => (await import("./network-commands.ts")).networkCommands,
  },
  {
    words: ["completion", "events", "info", "inspect", "login", "logout", "man-pages", "system", "ui", "version"],
    load: async () => (await import("./system-commands.ts")).systemCommands,
  },
  {
    words: ["volume"],
    load: async () => (await import("./volume-commands.ts")).volumeCommands,
  },
  {
    words: ["volume"],
    load: async () => (await import("./volume-copy-commands.ts")).volumeCopyCommands,
  },
];

/** The commands of the families that have `word`; all of them when none has it, as for help and suggestions. */
export async function loadCommands(families: readonly CommandFamily[], word?: string): Promise<readonly Command[]> {
  const wanted = word === undefined ? [] : families.filter(({ words }) => words.includes(word));
  const tables = await Promise.all((wanted.length === 0 ? families : wanted).map(({ load }) => load()));
  return tables.flat();
}

/** Shown first in the program's help, in this order. */
export const COMMON_COMMANDS = [
  "run",
  "exec",
  "ps",
  "build",
  "pull",
  "push",
  "images",
  "login",
  "logout",
  "search",
  "version",
  "info",
] as const;

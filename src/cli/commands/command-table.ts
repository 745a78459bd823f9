import type { Command, CommandGroup } from "../command.ts";
import { buildCommands } from "./build-commands.ts";
import { containerCommands } from "./container-commands.ts";
import { contextCommands } from "./context-commands.ts";
import { imageCommands } from "./image-commands.ts";
import { networkCommands } from "./network-commands.ts";
import { systemCommands } from "./system-commands.ts";
import { volumeCommands } from "./volume-commands.ts";
import { volumeCopyCommands } from "./volume-copy-commands.ts";

export const commandGroups: readonly CommandGroup[] = [
  { kind: "group", path: "builder", summary: "Manage builds" },
  { kind: "group", path: "container", summary: "Manage containers" },
  { kind: "group", path: "context", summary: "Manage contexts" },
  { kind: "group", path: "image", summary: "Manage images" },
  { kind: "group", path: "network", summary: "Manage networks" },
  { kind: "group", path: "registry", summary: "Serve images to others" },
  { kind: "group", path: "system", summary: "Manage Docker" },
  { kind: "group", path: "volume", summary: "Manage volumes", usage: "COMMAND" },
];

/** Every command of the engine's client. The composition root adds those that are other programs (`daemon`). */
export const engineCommands: readonly Command[] = [
  ...buildCommands,
  ...containerCommands,
  ...contextCommands,
  ...imageCommands,
  ...networkCommands,
  ...systemCommands,
  ...volumeCommands,
  ...volumeCopyCommands,
];

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

/** Docker's commands that this program does not have yet: named, so that nobody takes them for typing errors. */
export const ABSENT_COMMANDS: readonly string[] = [
  "buildx",
  "checkpoint",
  "config",
  "manifest",
  "node",
  "plugin",
  "secret",
  "service",
  "stack",
  "swarm",
  "trust",
];

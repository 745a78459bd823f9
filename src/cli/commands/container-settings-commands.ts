import type { Command } from "../command.ts";
import { createFlags, runFlags } from "../container/container-flags.ts";
import { updateFlags } from "../container/update-flags.ts";

/** Commands that say what a container is to be like. Their flags are so many that the others are loaded without them. */
export const containerSettingsCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["container run", "run"],
    usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    summary: "Create and run a new container from an image",
    interspersed: false,
    flags: runFlags,
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../container/run.ts")).run,
  },
  {
    kind: "command",
    paths: ["container create", "create"],
    usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    summary: "Create a new container",
    interspersed: false,
    flags: createFlags,
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../container/create.ts")).create,
  },
  {
    kind: "command",
    paths: ["container update", "update"],
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    summary: "Update configuration of one or more containers",
    flags: updateFlags,
    args: { kind: "at-least", count: 1 },
    load: async () => (await import("../container/update.ts")).update,
  },
];

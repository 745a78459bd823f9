import type { Command } from "#cli/command.ts";
import type { FlagSpec } from "#cli/flags/flag-kind.ts";
import { daemonOptions } from "./options/daemon-options.ts";
import { sections } from "./options/option.ts";

/** dockerd's flags of the same names, and a few of ours. Values left out come from daemon.json, then from the defaults. */
const flags: readonly FlagSpec[] = sections.flatMap((section) =>
  daemonOptions
    .filter((option) => option.section === section && option.flag !== false)
    .map(({ name, short, kind, usage, value, fallback, refused, takes }) => ({
      name,
      kind: kind.flag,
      usage,
      section,
      ...(short === undefined ? {} : { short }),
      ...(value === undefined ? {} : { value }),
      ...(fallback === undefined ? {} : { fallback }),
      // What is refused whatever it says is no help to anyone.
      ...(refused === undefined || takes !== undefined ? {} : { hidden: true }),
    })),
);

export const daemonCommand: Command = {
  kind: "command",
  paths: ["daemon"],
  usage: "[OPTIONS]",
  summary: "Run the engine",
  description:
    "Run the engine that containers, images and networks live in (also: berthd).\nEach option but those that say where the file is may stand in the configuration file instead.",
  flags,
  args: { kind: "none" },
  load: async () => {
    const { isSupervised } = await import("#host/program/supervised-child.ts");
    return async ({ flags: given, io, clientVersion }) => {
      if (given.on("supervise") && !given.on("validate") && !isSupervised(io.env)) {
        const { supervise } = await import("./supervise.ts");
        return supervise(given, io);
      }
      const { runDaemon } = await import("./run-daemon.ts");
      return runDaemon(given, io, clientVersion);
    };
  },
};

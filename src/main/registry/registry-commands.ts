import type { Command } from "#cli/command.ts";
import { administrationCommands } from "./administration-commands.ts";
import { serveFlags } from "./serve-flags.ts";

/** Commands about a registry of this machine. */
export const registryCommands: readonly Command[] = [
  {
    kind: "command",
    paths: ["registry serve"],
    usage: "[OPTIONS]",
    summary: "Run a registry",
    description: "Run a registry that docker, podman, skopeo and berth push to and pull from.",
    examples:
      "  berth registry serve --addr 0.0.0.0:5000 --root /srv/images \\\n    --tls-cert server.pem --tls-key server.key",
    flags: serveFlags,
    args: { kind: "none" },
    load: async () => (await import("./serve.ts")).serve,
  },
  ...administrationCommands,
];

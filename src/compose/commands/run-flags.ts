import type { FlagSpec } from "#cli/flags/flag-kind.ts";
import { earlierNoTty, listFlag, on, pullPolicy, removeOrphans, switchFlag, textFlag } from "./shared-flags.ts";

/** Flags of `run`. */
export const runFlags: readonly FlagSpec[] = [
  switchFlag("build", "Build image before starting container"),
  listFlag("cap-add", "Add Linux capabilities"),
  listFlag("cap-drop", "Drop Linux capabilities"),
  switchFlag("detach", "Run container in background and print container ID", { short: "d" }),
  textFlag("entrypoint", "Override the entrypoint of the image"),
  listFlag("env", "Set environment variables", { short: "e" }),
  listFlag("env-from-file", "Set environment variables from file"),
  switchFlag("interactive", "Keep STDIN open even if not attached", { short: "i", ...on }),
  listFlag("label", "Add or override a label", { short: "l" }),
  textFlag("name", "Assign a name to the container"),
  switchFlag("no-deps", "Don't start linked services"),
  switchFlag("no-tty", "Disable pseudo-TTY allocation (default: auto-detected)", { short: "T" }),
  earlierNoTty,
  listFlag("publish", "Publish a container's port(s) to the host", { short: "p" }),
  pullPolicy('"always"|"missing"|"never"'),
  switchFlag("quiet", "Don't print anything to STDOUT", { short: "q" }),
  switchFlag("quiet-build", "Suppress progress output from the build process"),
  switchFlag("quiet-pull", "Pull without printing progress information"),
  removeOrphans,
  switchFlag("rm", "Automatically remove the container when it exits"),
  switchFlag("service-ports", "Run command with all service's ports enabled and mapped to the host", {
    short: "P",
  }),
  switchFlag("tty", "Allocate a pseudo-TTY", { short: "t", hidden: true, ...on }),
  switchFlag("use-aliases", "Use the service's network useAliases in the network(s) the container connects to"),
  textFlag("user", "Run as specified username or uid", { short: "u" }),
  listFlag("volume", "Bind mount a volume", { short: "v" }),
  textFlag("workdir", "Working directory inside the container", { short: "w" }),
];

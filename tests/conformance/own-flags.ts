const seen = (reason: string, ...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, reason]));

const of = (command: string, flags: string): readonly string[] =>
  flags.split(" ").map((flag) => `${command} --${flag}`);

/**
 * Commands and flags outside of containers that docker's client has not, or not without plugins, and where they are seen. A
 * command stands for its flags and for those below it.
 */
export const ownFlags: Readonly<Record<string, string>> = {
  ...seen(
    "buildx's: seen by tests/engine/build, beside what BuildKit makes of the same",
    ...of("builder build", "allow annotation attest build-context cache-to call check load metadata-file"),
    ...of("builder build", "no-cache-filter output progress provenance push sbom secret ssh"),
    ...of("builder prune", "max-used-space min-free-space reserved-space"),
    "builder du",
  ),
  "builder history": "buildx's: seen by tests/engine/build/history",
  ...seen("not Docker's: seen by tests/engine/build/debug", ...of("builder build", "debug debug-tools")),
  "builder build --explain": "not Docker's: seen by src/cli/build/terminal-progress.test.ts",
  "image ls --tree": "docker prints it in colours, with a warning: seen by tests/engine/own-images",
  "image ls --sort": "not Docker's: seen by src/cli/format/sort-by.test.ts",
  "image push --compression": "not Docker's: seen by tests/root/push",
  ...seen(
    "not Docker's: seen by tests/engine/own-images",
    ...["image cat", "image clean", "image cp", "image diff", "image lock", "image ls-files", "image unlock"],
  ),
  ...seen("not Docker's: seen by tests/engine/own-networks", "network exposure", "network policy", "network rate"),
  ...seen(
    "not Docker's: seen by tests/engine/volume-copies",
    ...["volume clone", "volume export", "volume import", "volume lock", "volume rename", "volume restore"],
    ...["volume snapshot", "volume snapshots", "volume unlock"],
  ),
  ui: "not Docker's: seen by tests/engine/ui",
  completion: "docker's is another program's: seen by tests/golden/bash-completion",
  "man-pages": "not Docker's: seen by src/cli/reference",
};

const seen = (reason: string, ...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, reason]));

const of = (command: string, flags: string): readonly string[] =>
  flags.split(" ").map((flag) => `${command} --${flag}`);

/** Commands and flags outside of containers that docker's client has not, or not without plugins: where they are seen. */
export const ownFlags: Readonly<Record<string, string>> = {
  ...seen(
    "buildx's: seen by tests/engine/build, beside what BuildKit makes of the same",
    ...of("builder build", "allow annotation attest build-context cache-to call check load metadata-file"),
    ...of("builder build", "no-cache-filter output progress provenance push sbom secret ssh"),
    ...of("builder prune", "max-used-space min-free-space reserved-space"),
    ...["builder du", ...of("builder du", "filter verbose")],
  ),
  ...seen(
    "buildx's: seen by tests/engine/build/history",
    ...["builder history ls", ...of("builder history ls", "filter format no-trunc")],
    ...["builder history inspect", ...of("builder history inspect", "format")],
    ...["builder history logs", ...of("builder history logs", "progress")],
    ...["builder history rm", ...of("builder history rm", "all")],
  ),
  ...seen("not Docker's: seen by tests/engine/build/debug", ...of("builder build", "debug debug-tools")),
  "builder build --explain": "not Docker's: seen by src/cli/build/terminal-progress.test.ts",
  "image ls --tree": "docker prints it in colours, with a warning: seen by tests/engine/own-images",
  "image ls --sort": "not Docker's: seen by src/cli/format/sort-by.test.ts",
  "image push --compression": "not Docker's: seen by tests/root/push",
  ...seen(
    "not Docker's: seen by tests/engine/own-images",
    ...["image cp", "image cp --quiet", "image lock", "image unlock", "image diff", "image cat"],
    ...["image ls-files", "image ls-files --long"],
    ...["image clean", ...of("image clean", "dry-run force high keep low unused-for")],
  ),
  ...seen(
    "not Docker's: seen by tests/engine/own-networks",
    ...["network exposure", "network exposure --format", "network rate"],
    ...["network policy allow", "network policy allow --network", "network policy ls"],
    ...["network policy rm", "network policy rm --network"],
  ),
  ...seen(
    "not Docker's: seen by tests/engine/volume-copies",
    ...["volume clone", "volume clone --live", "volume export", "volume export --output", "volume import"],
    ...["volume lock", "volume unlock", "volume rename", "volume restore", "volume snapshot", "volume snapshot --live"],
    ...["volume snapshots", ...of("volume snapshots", "format quiet")],
  ),
  ui: "not Docker's: seen by tests/engine/ui",
  completion: "docker's is another program's: seen by tests/golden/bash-completion",
  "man-pages": "not Docker's: seen by src/cli/reference",
};

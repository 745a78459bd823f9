import { spawnSync } from "node:child_process";

export interface SourceFacts {
  /** Seven letters of the commit, `-dirty` after them when tracked files differ from it; "" outside a repository. */
  readonly commit: string;
  /** The commit's time, or SOURCE_DATE_EPOCH (reproducible-builds.org), as ISO 8601; "" when neither is known. */
  readonly time: string;
}

export function sourceFacts(directory: string): SourceFacts {
  const git = (...args: string[]): string => {
    const { status, stdout } = spawnSync("git", ["-C", directory, ...args], { encoding: "utf8" });
    return status === 0 ? stdout.trim() : "";
  };
  const commit = git("rev-parse", "--short=7", "HEAD");
  const changed = commit !== "" && git("status", "--porcelain", "--untracked-files=no") !== "";
  const seconds = process.env["SOURCE_DATE_EPOCH"] ?? git("log", "-1", "--format=%ct");
  return {
    commit: changed ? `${commit}-dirty` : commit,
    time: /^\d+$/.test(seconds) ? new Date(Number(seconds) * 1000).toISOString() : "",
  };
}

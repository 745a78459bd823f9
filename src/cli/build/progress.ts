import type { BuildMessage } from "#client/build-lines.ts";

/** What is shown: everything but the outputs' bytes. */
export type ProgressLine = Exclude<BuildMessage, { readonly type: "data" | "agent" }>;

/** Shows a build as it goes on. */
export interface BuildProgress {
  show(line: ProgressLine): void;
  /** Nothing comes any more. May be called twice. */
  close(): void;
}

export interface ProgressOptions {
  /** Say why steps were found in the cache or not. */
  readonly explain: boolean;
}

/** `1.2s`, as BuildKit's client shows times. */
export function seconds(milliseconds: number): string {
  return `${(Math.max(0, milliseconds) / 1000).toFixed(1)}s`;
}

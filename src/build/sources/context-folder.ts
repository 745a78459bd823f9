import type { KnownContent } from "./known-content.ts";

/** A folder that a build may read. */
export interface ContextFolder {
  readonly path: string;
  /** It may be built from again. */
  readonly lasting: boolean;
  /** Brings its files here: the path that counts then. Absent where they are. */
  readonly fetch?: () => Promise<string>;
  /** What is known of its files without them. */
  readonly known?: KnownContent;
}

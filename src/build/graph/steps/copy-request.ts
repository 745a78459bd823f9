import type { AddInstruction, CopyInstruction } from "../../dockerfile/types.ts";
import type { Tree } from "../types.ts";

/** ADD or COPY with its variables put in. */
export interface CopyRequest {
  readonly instruction: AddInstruction | CopyInstruction;
  readonly paths: readonly string[];
  readonly checksum: string;
  /** What paths are read from: the context, a stage or an image. */
  readonly from: () => Tree;
  readonly isFromContext: boolean;
  /** For what has a vertex of its own, e.g. a download. */
  readonly name: string;
}

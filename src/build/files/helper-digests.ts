import { BerthError } from "#base/errors.ts";
import type { Helpers } from "#host/helpers/helper-pool.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { FileTree, Selection, TreeDigests } from "../solver/types.ts";
import { DIGEST_TASK, knownDigest, type DigestInput } from "./digest-task.ts";
import { statCacheName } from "./stat-cache.ts";

/**
 * {@link TreeDigests}: of what has not changed since it was read here, of all else by helper processes. What was read of
 * folders is remembered in `directory`.
 */
export class HelperDigests implements TreeDigests {
  readonly #helpers: Helpers;
  readonly #directory: string;
  readonly #nowMs: () => number;

  constructor(deps: { readonly helpers: Helpers; readonly directory: string; readonly nowMs: () => number }) {
    this.#helpers = deps.helpers;
    this.#directory = deps.directory;
    this.#nowMs = deps.nowMs;
  }

  async digest(tree: FileTree, selections: readonly Selection[], signal: AbortSignal): Promise<string> {
    const lasting = tree.kind === "folder" && tree.lasting;
    const input: DigestInput = {
      tree,
      selections,
      cachePath: lasting ? `${this.#directory}/${statCacheName(tree.path)}` : undefined,
      nowMs: this.#nowMs(),
    };
    const known = await knownDigest(input, signal);
    if (known !== undefined) return known;
    const run = this.#helpers.start(DIGEST_TASK, input as unknown as Json, () => {});
    const stop = (): void => run.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const digest = await run.result;
      if (typeof digest !== "string") throw new BerthError("internal", "the digesting helper gave no result");
      return digest;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

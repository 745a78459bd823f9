import { isBerthError } from "#base/errors.ts";
import type { ImageSource, SourceManifest } from "#image/source.ts";
import type { Descriptor } from "#spec/oci/image.ts";

/**
 * Several places that may have the same repository, e.g. the mirrors of the Hub and the Hub: each question goes to the
 * first that answers it. The error of the last one counts.
 */
export class FallbackSource implements ImageSource {
  readonly #sources: readonly ImageSource[];

  /** In the order to ask; at least one. */
  constructor(sources: readonly ImageSource[]) {
    this.#sources = sources;
  }

  manifest(
    target: { readonly tag: string } | { readonly digest: string },
    signal: AbortSignal,
  ): Promise<SourceManifest> {
    return this.#first((source) => source.manifest(target, signal));
  }

  /** Changes places in the middle of a blob, too: what was received already is not asked for again. */
  async *blob(
    blob: Descriptor,
    options: { readonly signal: AbortSignal; readonly onRetry: (seconds: number) => void; readonly offset?: number },
  ): AsyncIterable<Uint8Array> {
    let offset = options.offset ?? 0;
    for (const [index, source] of this.#sources.entries()) {
      try {
        for await (const chunk of source.blob(blob, { ...options, offset })) {
          offset += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        if (index === this.#sources.length - 1 || isBerthError(error, "cancelled")) throw error;
      }
    }
  }

  tags(signal: AbortSignal): Promise<readonly string[]> {
    return this.#first((source) => source.tags(signal));
  }

  async #first<T>(ask: (source: ImageSource) => Promise<T>): Promise<T> {
    let last: unknown;
    for (const source of this.#sources) {
      try {
        return await ask(source);
      } catch (error) {
        if (isBerthError(error, "cancelled")) throw error;
        last = error;
      }
    }
    throw last instanceof Error ? last : new Error(String(last));
  }
}

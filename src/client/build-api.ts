import { BUILD_BODY_TYPE, type BuildOptions } from "#spec/berth/build.ts";
import type { BuildCacheRecord } from "#spec/docker/disk-usage.ts";
import type { ApiTransport } from "./api-transport.ts";
import { filtersParameter, type FilterValues } from "./filters-parameter.ts";
import { buildMessages, type BuildMessage } from "./build-lines.ts";

export interface PruneCacheOptions {
  readonly all: boolean;
  /** Bytes that stay in any case, that stay at most, and of the disk that are to be free; 0 is no bound. */
  readonly reservedBytes: number;
  readonly maxUsedBytes: number;
  readonly minFreeBytes: number;
  readonly filters: FilterValues;
}

export interface CachePruned {
  readonly CachesDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}

/** Builds: Berth's own endpoint, and the cache by Docker's. */
export class BuildApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  /** What happens, as it happens; a failure is the last line. `archive`: the context, where the options say that it comes. */
  async build(
    options: BuildOptions,
    request: {
      readonly archive: Iterable<Uint8Array> | undefined;
      /** X-Registry-Config. */
      readonly registryConfig: string;
      readonly signal: AbortSignal;
    },
  ): Promise<AsyncIterable<BuildMessage>> {
    const response = await this.#transport.call("POST", "/berth/build", {
      body: bodyOf(options, request.archive ?? []),
      contentType: BUILD_BODY_TYPE,
      headers: { "X-Registry-Config": request.registryConfig },
      signal: request.signal,
    });
    return buildMessages(response.body());
  }

  prune({ all, reservedBytes, maxUsedBytes, minFreeBytes, filters }: PruneCacheOptions): Promise<CachePruned> {
    const bound = (bytes: number): number | undefined => (bytes === 0 ? undefined : bytes);
    const query = {
      all,
      // Engines before API 1.48 know the older name alone.
      "keep-storage": bound(reservedBytes),
      "reserved-space": bound(reservedBytes),
      "max-used-space": bound(maxUsedBytes),
      "min-free-space": bound(minFreeBytes),
      filters: filtersParameter(filters),
    };
    return this.#transport.json("POST", "/build/prune", { query });
  }

  /** Every record of the cache. */
  async records(): Promise<readonly BuildCacheRecord[]> {
    const usage = await this.#transport.json<{ readonly BuildCache?: readonly BuildCacheRecord[] | null }>(
      "GET",
      "/system/df",
      { query: { type: "build-cache" } },
    );
    return usage.BuildCache ?? [];
  }
}

async function* bodyOf(options: BuildOptions, archive: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(`${JSON.stringify(options)}\n`);
  yield* archive;
}

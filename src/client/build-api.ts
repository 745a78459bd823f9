import { BUILD_BODY_TYPE, type BuildOptions } from "#spec/berth/build.ts";
import type { BuildCacheRecord } from "#spec/docker/disk-usage.ts";
import type { ApiTransport } from "./api-transport.ts";
import { filtersParameter, type FilterValues } from "./filters-parameter.ts";
import { buildMessages, type BuildMessage } from "./build-lines.ts";

export interface PruneCacheOptions {
  readonly all: boolean;
  /** Bytes to keep; 0 keeps nothing. */
  readonly keepStorageBytes: number;
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

  prune({ all, keepStorageBytes, filters }: PruneCacheOptions): Promise<CachePruned> {
    const query = {
      all,
      "keep-storage": keepStorageBytes === 0 ? undefined : keepStorageBytes,
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

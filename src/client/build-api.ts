import type { BuildShell } from "#spec/berth/build-shell.ts";
import { BUILD_BODY_TYPE } from "#spec/berth/build.ts";
import type { BuildOptions } from "#spec/berth/build-options.ts";
import type { BuildHistoryEntry, ImportedBuild } from "#spec/berth/build-history.ts";
import type { OfferedTree } from "#spec/berth/sent-trees.ts";
import type { AttestationStatement } from "#spec/docker/image.ts";
import type { BuildCacheRecord } from "#spec/docker/disk-usage.ts";
import type { ApiTransport, HijackedStream } from "./api-transport.ts";
import { segment } from "./containers-api.ts";
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

  /**
   * What happens, as it happens; a failure is the last line. `body`: the context's archive or the chunks of trees, where the
   * options say that they come.
   */
  async build(
    options: BuildOptions,
    request: {
      readonly body: Iterable<Uint8Array> | undefined;
      /** X-Registry-Config. */
      readonly registryConfig: string;
      readonly signal: AbortSignal;
    },
  ): Promise<AsyncIterable<BuildMessage>> {
    const response = await this.#transport.call("POST", "/berth/build", {
      body: request.body === undefined ? lineOf(options) : bodyOf(options, request.body),
      contentType: BUILD_BODY_TYPE,
      headers: { "X-Registry-Config": request.registryConfig },
      signal: request.signal,
    });
    return buildMessages(response.body());
  }

  /** Offer a folder's chunks, by their hashes together: which ones the engine lacks. */
  offerTree(hashes: Uint8Array): Promise<OfferedTree> {
    return this.#transport.json("POST", "/berth/build/trees", {
      body: hashes,
      contentType: "application/octet-stream",
    });
  }

  /** The terminal of a shell where a build failed, by the id of its error. */
  openShell(id: string, shell: BuildShell): Promise<HijackedStream> {
    return this.#transport.hijack("POST", `/berth/build/shells/${segment(id)}`, { json: shell });
  }

  /** A connection from an agent's socket on the engine's machine. */
  openAgent(connection: string): Promise<HijackedStream> {
    return this.#transport.hijack("POST", `/berth/build/agents/${segment(connection)}`);
  }

  resizeShell(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void> {
    const query = { h: size.rows, w: size.columns };
    return this.#transport.send("POST", `/berth/build/shells/${segment(id)}/resize`, { query });
  }

  /** Builds that were, the newest first. */
  history(): Promise<readonly BuildHistoryEntry[]> {
    return this.#transport.json("GET", "/berth/builds");
  }

  /** What a build of the history said, as it was told then. */
  async historyLog(id: string): Promise<AsyncIterable<BuildMessage>> {
    return buildMessages((await this.#transport.call("GET", `/berth/builds/${segment(id)}/logs`)).body());
  }

  /** The same, a `BuildLine` a line. */
  async historyLogBytes(id: string): Promise<Uint8Array> {
    return (await this.#transport.call("GET", `/berth/builds/${segment(id)}/logs`)).bytes();
  }

  /** Let the engine remember a build of another one, and what it said. */
  importBuild(entry: unknown, log: Uint8Array): Promise<ImportedBuild> {
    const body = Buffer.concat([Buffer.from(`${JSON.stringify(entry)}\n`), log]);
    return this.#transport.json("POST", "/berth/builds", { body });
  }

  /** Statements about what a build made, as far as it is there; "" takes every platform's and every type's. */
  attachments(
    id: string,
    { platform, type }: { readonly platform: string; readonly type: string },
  ): Promise<readonly AttestationStatement[]> {
    const query = { ...(platform === "" ? {} : { platform }), ...(type === "" ? {} : { type }) };
    return this.#transport.json("GET", `/berth/builds/${segment(id)}/attachments`, { query });
  }

  /** Forget a build that was. */
  forget(id: string): Promise<BuildHistoryEntry> {
    return this.#transport.json("DELETE", `/berth/builds/${segment(id)}`);
  }

  /** Forget all of them. */
  forgetAll(): Promise<readonly BuildHistoryEntry[]> {
    return this.#transport.json("DELETE", "/berth/builds");
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

const lineOf = (options: BuildOptions): string => `${JSON.stringify(options)}\n`;

async function* bodyOf(options: BuildOptions, archive: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(lineOf(options));
  yield* archive;
}

import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { ShimLog, SupervisedProcess } from "#runtime/types.ts";
import { attributesJson, selectWithTag } from "./attributes.ts";
import { compressRotated } from "./files/compress-rotated.ts";
import type { FilesInUse } from "./files/files-in-use.ts";
import type { LogKeeper, LogOwner } from "./types.ts";

export interface FileLogKeeperDeps {
  readonly log: Log;
  readonly inUse: FilesInUse;
}

/** The keeper over the shim's files. One log is compressed at a time: it is work for one processor. */
export class FileLogKeeper implements LogKeeper {
  readonly #deps: FileLogKeeperDeps;
  readonly #waiting = new Map<string, LogOwner>();
  #working = false;

  constructor(deps: FileLogKeeperDeps) {
    this.#deps = deps;
  }

  async begin({ plan, path, subject }: LogOwner): Promise<ShimLog | undefined> {
    const { store, selection } = plan;
    if (store === undefined) return undefined;
    const { format, maxSizeBytes, maxFiles, hold } = store;
    const attributes = format === "json" ? attributesJson(selectWithTag(selection, subject)) : "";
    return { path, format, maxSizeBytes, maxFiles, hold, attributes };
  }

  keep(owner: LogOwner, process: SupervisedProcess): void {
    if (owner.plan.store?.compress !== true) return;
    const compress = (): void => this.#compress(owner);
    process.onLogRotated(compress);
    // What an engine before this one did not come to.
    compress();
  }

  async forget(containerId: string): Promise<void> {
    this.#waiting.delete(containerId);
  }

  async close(): Promise<void> {
    this.#waiting.clear();
  }

  #compress(owner: LogOwner): void {
    this.#waiting.set(owner.subject.containerId, owner);
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let next = first(this.#waiting); next !== undefined; next = first(this.#waiting)) {
      const [id, owner] = next;
      this.#waiting.delete(id);
      try {
        await compressRotated(owner.path, (file) => !this.#deps.inUse.has(file.identity));
      } catch (error) {
        this.#deps.log.warn("could not compress a log", { container: id, error: messageOf(error) });
      }
    }
    this.#working = false;
  }
}

function first<K, V>(map: ReadonlyMap<K, V>): [K, V] | undefined {
  for (const entry of map) return entry;
  return undefined;
}

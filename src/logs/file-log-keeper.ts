import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { ShimLog, SupervisedProcess } from "#runtime/types.ts";
import { attributesJson, selectWithTag } from "./attributes.ts";
import { compressRotated } from "./files/compress-rotated.ts";
import type { FilesInUse } from "./files/files-in-use.ts";
import type { LogFile } from "./files/log-file.ts";
import { LogForwarding } from "./forward/log-forwarding.ts";
import { idOf } from "./forward/record-source.ts";
import type { LogKeeper, LogOwner } from "./types.ts";

export interface FileLogKeeperDeps {
  readonly log: Log;
  readonly inUse: FilesInUse;
  /** The engine's own pid, which syslog receivers are told. */
  readonly pid: number;
}

/** The keeper over the shim's files. One log is compressed at a time: it is work for one processor. */
export class FileLogKeeper implements LogKeeper {
  readonly #deps: FileLogKeeperDeps;
  readonly #forwarding: LogForwarding;
  readonly #waiting = new Map<string, LogOwner>();
  #working = false;

  constructor(deps: FileLogKeeperDeps) {
    this.#deps = deps;
    this.#forwarding = new LogForwarding({ ...deps, onSent: (owner) => this.#compress(owner) });
  }

  async begin(owner: LogOwner): Promise<ShimLog | undefined> {
    const { plan, path, subject } = owner;
    if (plan.store === undefined) return undefined;
    await this.#forwarding.begin(owner);
    const { format, maxSizeBytes, maxFiles, hold } = plan.store;
    const attributes = format === "json" ? attributesJson(selectWithTag(plan.selection, subject)) : "";
    return { path, format, maxSizeBytes, maxFiles, hold, attributes };
  }

  keep(owner: LogOwner, process: SupervisedProcess): void {
    process.onLogRotated(() => this.#compress(owner));
    this.resume(owner, process);
  }

  resume(owner: LogOwner, process?: SupervisedProcess): void {
    if (owner.plan.receiver !== undefined) this.#forwarding.follow(owner, process);
    this.#compress(owner);
  }

  async forget(containerId: string): Promise<void> {
    this.#waiting.delete(containerId);
    await this.#forwarding.forget(containerId);
  }

  async close(): Promise<void> {
    this.#waiting.clear();
    await this.#forwarding.close();
  }

  #compress(owner: LogOwner): void {
    if (owner.plan.store?.compress !== true) return;
    this.#waiting.set(owner.subject.containerId, owner);
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let next = first(this.#waiting); next !== undefined; next = first(this.#waiting)) {
      const [id, owner] = next;
      this.#waiting.delete(id);
      try {
        await compressRotated(owner.path, (file) => this.#mayCompress(owner, file));
      } catch (error) {
        this.#deps.log.warn("could not compress a log", { container: id, error: messageOf(error) });
      }
    }
    this.#working = false;
  }

  /** The shim takes a compressed file for one that was sent. */
  #mayCompress(owner: LogOwner, file: LogFile): boolean {
    if (this.#deps.inUse.has(file.identity)) return false;
    return owner.plan.receiver === undefined || this.#forwarding.hasSent(owner.subject.containerId, idOf(file));
  }
}

function first<K, V>(map: ReadonlyMap<K, V>): [K, V] | undefined {
  for (const entry of map) return entry;
  return undefined;
}

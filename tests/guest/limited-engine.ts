import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { berthHere, mustBerthHere } from "../../tools/lab/berth-here.ts";
import { mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "../../tools/lab/tiny-registry.ts";

/** An engine whose data root lies on an ext4 of 256 MiB that keeps project quotas, which the guest's kernel can. */
export class LimitedEngine {
  readonly #scratch: string;
  readonly #registry: TinyRegistry;
  readonly #address: { readonly bridge: string; readonly bip: string };
  /** Where the disk is mounted. */
  readonly dir: string;
  /** Of busybox. */
  readonly image: string;
  #engine: RunningEngine;

  private constructor(parts: {
    readonly scratch: string;
    readonly registry: TinyRegistry;
    readonly address: { readonly bridge: string; readonly bip: string };
    readonly dir: string;
    readonly engine: RunningEngine;
  }) {
    this.#scratch = parts.scratch;
    this.#registry = parts.registry;
    this.#address = parts.address;
    this.#engine = parts.engine;
    this.dir = parts.dir;
    this.image = `${parts.registry.address}/busybox:latest`;
  }

  static async open(address: { readonly bridge: string; readonly bip: string }): Promise<LimitedEngine> {
    const scratch = makeScratch("size");
    const dir = join(scratch, "mounted");
    const disk = join(scratch, "disk");
    mkdirSync(dir);
    await mustRun(["truncate", "-s", "256M", disk]);
    await mustRun(["mke2fs", "-q", "-t", "ext4", "-O", "quota,project", "-E", "quotatype=prjquota", disk]);
    await mustRun(["modprobe", "-a", "loop", "quota_v2"]);
    await mustRun(["mount", "-o", "loop,prjquota", disk, dir]);
    const registry = await startTinyRegistry();
    registry.add("busybox", "latest", await busyboxImage());
    const engine = await startBerth({ dir, ...address });
    const opened = new LimitedEngine({ scratch, registry, address, dir, engine });
    await opened.ok("pull", "-q", opened.image);
    return opened;
  }

  run(...args: readonly string[]): Promise<CommandResult> {
    return berthHere(this.#engine.host, args);
  }

  /** Standard output; throws unless the command ends with 0. */
  ok(...args: readonly string[]): Promise<string> {
    return mustBerthHere(this.#engine.host, args);
  }

  /** The engine is killed, and another takes over. */
  async replace(): Promise<void> {
    await this.#engine.daemon.kill();
    this.#engine = await startBerth({ dir: this.dir, ...this.#address });
  }

  async close(): Promise<void> {
    await this.#engine.stop();
    await this.#registry.close();
    await mustRun(["umount", this.dir]);
    removeScratch(this.#scratch);
  }
}

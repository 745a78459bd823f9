import { command, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import {
  berthCommand,
  cliEnvironment,
  startBerth,
  type EngineOptions,
  type RunningEngine,
} from "../../tools/lab/engines.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";

/** An engine of its own with the image `busybox`, that can be killed and started again on the same folders. */
export class BusyboxEngine {
  readonly #dir: string;
  readonly #options: Pick<EngineOptions, "bridge" | "bip" | "extraArgs" | "through" | "env">;
  readonly #registry: RunningRegistry;
  #engine: RunningEngine;

  private constructor(
    dir: string,
    options: Pick<EngineOptions, "bridge" | "bip" | "extraArgs" | "through" | "env">,
    registry: RunningRegistry,
    engine: RunningEngine,
  ) {
    this.#dir = dir;
    this.#options = options;
    this.#registry = registry;
    this.#engine = engine;
  }

  static async open(
    options: Pick<EngineOptions, "bridge" | "bip" | "extraArgs" | "through" | "env">,
  ): Promise<BusyboxEngine> {
    const dir = makeScratch(options.bridge);
    const registry = await startDebianRegistry({ dir, port: await freePort() });
    await pushImage(registry.address, "busybox", "latest", await busyboxImage());
    const opened = new BusyboxEngine(dir, options, registry, await startBerth({ dir, ...options }));
    await opened.ok("pull", "-q", `${registry.address}/busybox`);
    await opened.ok("tag", `${registry.address}/busybox`, "busybox");
    return opened;
  }

  run(...args: readonly string[]): Promise<CommandResult> {
    return command([...berthCommand(), ...args], { env: cliEnvironment(this.#engine.host) });
  }

  /** Standard output of a command that must succeed. */
  ok(...args: readonly string[]): Promise<string> {
    return mustRun([...berthCommand(), ...args], { env: cliEnvironment(this.#engine.host) });
  }

  async api(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://engine${path}`, {
      unix: this.#engine.socket,
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** Of the engine's process. */
  get pid(): number {
    return this.#engine.daemon.pid;
  }

  /** kill -9. */
  kill(): Promise<unknown> {
    return this.#engine.daemon.kill();
  }

  /** SIGHUP: the configuration file is read again. */
  reload(): void {
    process.kill(this.#engine.daemon.pid, "SIGHUP");
  }

  async start(): Promise<void> {
    this.#engine = await startBerth({ dir: this.#dir, ...this.#options });
  }

  /** For DOCKER_HOST. */
  get host(): string {
    return this.#engine.host;
  }

  /** Of the registry that `busybox` came from: `127.0.0.1:5000`. */
  get registry(): string {
    return this.#registry.address;
  }

  /** Its folder, with the exec root `exec`. */
  get dir(): string {
    return this.#dir;
  }

  async removeAll(): Promise<void> {
    const ids = (await this.ok("ps", "-aq")).split("\n").filter((id) => id !== "");
    if (ids.length > 0) await this.ok("rm", "-f", ...ids);
  }

  async close(): Promise<void> {
    await this.#engine.stop();
    await this.#registry.stop();
    removeScratch(this.#dir);
  }
}

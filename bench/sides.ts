import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../tools/lab/command.ts";
import { freePort, startDebianRegistry } from "../tools/lab/debian-registry.ts";
import {
  berthCommand,
  cliEnvironment,
  dockerCli,
  startBerth,
  startDockerd,
  type RunningEngine,
} from "../tools/lab/engines.ts";
import { createNetworkNamespace } from "../tools/lab/network-namespace.ts";
import type { BuiltImage } from "../tools/lab/image-writer.ts";
import { pushImage } from "../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../tools/lab/scratch.ts";
import { busyboxImage, distributionImage, distributionReference } from "../tools/lab/test-images.ts";

/** An engine with the command line people use with it. */
export interface Side {
  readonly name: "berth" | "dockerd";
  readonly engine: RunningEngine;
  readonly distribution: string;
  /** `127.0.0.1:PORT`, the same content for every side. */
  readonly registry: string;
  /** Put an image into every side's registry. */
  publish(repository: string, image: BuiltImage): Promise<void>;
  /** Put before a command line to run it on the engine's host network. */
  readonly enter: readonly string[];
  /** Run the side's own CLI; throws unless it ends with 0. */
  cli(args: readonly string[]): Promise<string>;
  /** The docker CLI on this engine. */
  docker(args: readonly string[]): Promise<string>;
  /** A request to the API; throws on a status of 400 or more. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  /** The same, with an answer of any kind. */
  raw(method: string, path: string, body?: unknown): Promise<string>;
  /** Proportional memory of the engine's own processes, MiB. */
  memory(): number;
  /** The engine's processes with its helpers, as they are now. */
  pids(): readonly number[];
}

export interface BenchLab {
  readonly sides: readonly Side[];
  close(): Promise<void>;
}

/**
 * Start each engine in a private network of its own, with a registry at the same address in each, and the test images in
 * it. `withReference` = dockerd too, of another version when `programs` is the folder of its packages; `small`: no image but
 * busybox.
 */
export async function openSides(withReference: boolean, programs?: string, small = false): Promise<BenchLab> {
  const scratch = makeScratch("bench");
  const memory = mkdtempSync("/run/berth-bench-");
  const closers: (() => Promise<void>)[] = [async () => [scratch, memory].forEach(removeScratch)];
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse()) await closer().catch((error: unknown) => console.error(error));
  };
  try {
    const port = await freePort();
    const storage = join(scratch, "registry");
    const distribution = distributionReference();
    const seed = await startDebianRegistry({ dir: scratch, storage, port });
    await pushImage(seed.address, "busybox", "latest", await busyboxImage());
    if (!small) await pushImage(seed.address, distribution.repository, distribution.tag, await distributionImage());
    await seed.stop();

    const sides: Side[] = [];
    for (const name of withReference ? (["berth", "dockerd"] as const) : (["berth"] as const)) {
      const [dir, runDir] = [join(scratch, name), join(memory, name)];
      for (const path of [dir, runDir]) mkdirSync(path);
      const network = await createNetworkNamespace();
      closers.push(() => network.close());
      const registry = await startDebianRegistry({ dir, storage, port, network });
      closers.push(() => registry.stop());
      const place = { dir, runDir, bridge: `bb${name}0`, bip: "172.31.252.1/24", network };
      const engine = await (name === "berth"
        ? startBerth(place)
        : startDockerd({ ...place, ...(programs === undefined ? {} : { programs }) }));
      closers.push(() => engine.stop());
      const publish = async (repository: string, image: BuiltImage): Promise<void> => {
        const outer = await startDebianRegistry({ dir: scratch, storage, port });
        try {
          await pushImage(outer.address, repository, "latest", image);
        } finally {
          await outer.stop();
        }
      };
      const distributionName = `${registry.address}/${distribution.repository}:${distribution.tag}`;
      const side: Side = {
        ...makeSide(name, engine, distributionName, await dockerCli()),
        registry: registry.address,
        publish,
        enter: network.enter,
      };
      await side.cli(["pull", "-q", `${registry.address}/busybox:latest`]);
      await side.cli(["tag", `${registry.address}/busybox:latest`, "busybox"]);
      sides.push(side);
    }
    return { sides, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function makeSide(
  name: Side["name"],
  engine: RunningEngine,
  distribution: string,
  docker: string,
): Omit<Side, "registry" | "publish" | "enter"> {
  const env = cliEnvironment(engine.host);
  const own = name === "berth" ? berthCommand() : [docker];
  const raw = async (method: string, path: string, body?: unknown): Promise<string> => {
    const response = await fetch(`http://engine/v1.41${path}`, {
      unix: engine.socket,
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    if (response.status >= 400) throw new Error(`${name} ${method} ${path}: ${response.status} ${text}`);
    return text;
  };
  return {
    name,
    engine,
    distribution,
    cli: (args) => mustRun([...own, ...args], { env }),
    docker: (args) => mustRun([docker, ...args], { env }),
    async api(method, path, body) {
      const text = await raw(method, path, body);
      return text === "" ? undefined : (JSON.parse(text) as unknown);
    },
    raw,
    memory: () => proportionalMemory(engine.pids.flatMap(withHelpers)),
    pids: () => engine.pids.flatMap(withHelpers),
  };
}

/** Sum of the proportional set sizes of processes, MiB. */
export function proportionalMemory(pids: readonly number[]): number {
  return pids.map(proportionalKib).reduce((sum, kib) => sum + kib, 0) / 1024;
}

function proportionalKib(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** An engine's process and the helpers it started, not the supervisors of containers. */
function withHelpers(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
  return [pid, ...children.filter((child) => commandLine(child).includes("helper"))];
}

/** "" when it has ended. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

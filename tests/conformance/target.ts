import { join } from "node:path";
import { laterDockerDir } from "../../tools/lab/apt-suite.ts";
import { background, onTerminal, type Background, type TerminalProgram } from "../../tools/lab/background.ts";
import { command, eventually, mustRun, type CommandOptions, type CommandResult } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry } from "../../tools/lab/debian-registry.ts";
import {
  berthCommand,
  cliEnvironment,
  dockerCli,
  referenceDir,
  startBerth,
  startDockerd,
  type RunningEngine,
} from "../../tools/lab/engines.ts";
import { httpGet } from "../../tools/lab/http-get.ts";
import { createNetworkNamespace } from "../../tools/lab/network-namespace.ts";
import { removeCgroups } from "../../tools/lab/remove-cgroups.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage, distributionImage, distributionReference, fixtureImage } from "../../tools/lab/test-images.ts";

/** One pair of engine and client that the cases run on. */
export interface Target {
  readonly name: string;
  readonly engine: RunningEngine;
  readonly client: ClientKind;
  /** `127.0.0.1:PORT` of the registry, reachable from the engine. */
  readonly registry: string;
  readonly images: { readonly busybox: string; readonly fixture: string; readonly distribution: string };
  readonly scratch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly argv: readonly string[];
  /** Run the client to its end. */
  run(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Like {@link run}; throws unless the code is 0; gives standard output. */
  ok(args: readonly string[], options?: CommandOptions): Promise<string>;
  start(args: readonly string[]): Background;
  terminal(args: readonly string[], rows?: number, columns?: number): TerminalProgram;
  /** A plain request to the engine's API; `path` without the version. */
  api(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly text: string }>;
  /** What an HTTP GET from the engine's host network gives. */
  get(url: string): Promise<CommandResult>;
}

export type ClientKind = "docker" | "berth";

export interface Lab {
  readonly targets: readonly Target[];
  close(): Promise<void>;
}

/**
 * `BERTH_TARGETS` names the pairs, `engine:client` with commas. The default is our engine with both clients; `npm run
 * reference` runs the pairs of the reference engine, which prove the cases; `later` is docker 26.1 or newer. Those run in
 * private networks, ours on the machine's own as for its users.
 */
export const targetNames: readonly string[] = (process.env["BERTH_TARGETS"] ?? "berth:docker,berth:berth").split(",");

/** OCI runtimes, by path, that an engine runs all containers with instead of its own; by the environment of the same name. */
export interface LabRuntimes {
  readonly [variable: string]: string | undefined;
  readonly BERTH_DOCKERD_RUNTIME?: string;
  readonly BERTH_ENGINE_RUNTIME?: string;
}

const runtimeArgs = (path: string | undefined): readonly string[] =>
  path === undefined ? [] : ["--add-runtime", `lab=${path}`, "--default-runtime", "lab"];

export interface LabOptions {
  /** Default: {@link targetNames}. */
  readonly names?: readonly string[];
  /** Default: this process's environment. */
  readonly runtimes?: LabRuntimes;
  /** Whether the engines get the image of a distribution, which takes its time. */
  readonly distribution?: boolean;
}

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const { names = targetNames, runtimes = process.env, distribution: hasDistribution = false } = options;
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse()) await closer().catch((error: unknown) => console.error(error));
  };
  try {
    const scratch = makeScratch("conf");
    closers.push(async () => removeScratch(scratch));
    // Of the cases about --cgroup-parent: a parent stays, as with Docker.
    closers.push(async () => removeCgroups(["outer/inner", "outer", "outer.slice"]));
    const port = await freePort();
    const storage = join(scratch, "registry");
    const registry = await startDebianRegistry({ dir: scratch, storage, port });
    closers.push(() => registry.stop());
    await pushImage(registry.address, "busybox", "latest", await busyboxImage());
    await pushImage(registry.address, "fixture", "latest", await fixtureImage());
    if (hasDistribution) {
      const { repository, tag } = distributionReference();
      await pushImage(registry.address, repository, tag, await distributionImage("none"));
    }

    const engines = new Map<string, RunningEngine>();
    const enters = new Map<string, readonly string[]>([["berth", []]]);
    for (const kind of ["dockerd", "later"] as const) {
      if (!names.some((name) => name.startsWith(`${kind}:`))) continue;
      const network = await createNetworkNamespace();
      closers.push(() => network.close());
      const inside = await startDebianRegistry({ dir: scratch, storage, port, network });
      closers.push(() => inside.stop());
      const dir = join(scratch, kind);
      await mustRun(["mkdir", dir]);
      const engine = await startDockerd({
        dir,
        bridge: kind === "later" ? "blaterlab" : "breflab",
        bip: "172.31.254.1/24",
        network,
        // The later packages' own runc asks for a newer libc than the machine may have.
        extraArgs: runtimeArgs(
          runtimes.BERTH_DOCKERD_RUNTIME ??
            (kind === "later" ? join(await referenceDir(), "usr/sbin/runc") : undefined),
        ),
        ...(kind === "later" ? { programs: await laterDockerDir() } : {}),
      });
      closers.push(() => engine.stop());
      engines.set(kind, engine);
      enters.set(kind, network.enter);
    }
    if (names.some((name) => name.startsWith("berth:"))) {
      const dir = join(scratch, "our");
      await mustRun(["mkdir", dir]);
      const engine = await startBerth({
        dir,
        bridge: "blab0",
        bip: "172.31.253.1/24",
        extraArgs: runtimeArgs(runtimes.BERTH_ENGINE_RUNTIME),
      });
      closers.push(() => engine.stop());
      engines.set("berth", engine);
    }

    const targets: Target[] = [];
    for (const name of names) {
      const [kind, client] = name.split(":");
      const engine = engines.get(kind ?? "");
      if (engine === undefined || (client !== "docker" && client !== "berth")) throw new Error(`no target ${name}`);
      const argv = client === "docker" ? [await dockerCli()] : berthCommand();
      targets.push(
        makeTarget({
          name,
          engine,
          client,
          argv,
          registry: registry.address,
          scratch,
          enter: enters.get(kind ?? "") ?? [],
        }),
      );
    }
    for (const engine of engines.values()) {
      const target = targets.find((item) => item.engine === engine);
      if (target !== undefined) await pullImages(target, hasDistribution);
    }
    return { targets, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Bring the test images to the engine and give them the short names the cases use. */
async function pullImages(target: Target, hasDistribution: boolean): Promise<void> {
  const { busybox, fixture, distribution } = target.images;
  for (const [remote, local] of [
    ["busybox:latest", busybox],
    ["fixture:latest", fixture],
    ...(hasDistribution ? [[distribution, distribution] as const] : []),
  ] as const) {
    await target.ok(["pull", "-q", `${target.registry}/${remote}`]);
    await target.ok(["tag", `${target.registry}/${remote}`, local]);
  }
}

function makeTarget(parts: {
  readonly name: string;
  readonly engine: RunningEngine;
  readonly client: ClientKind;
  readonly argv: readonly string[];
  readonly registry: string;
  readonly scratch: string;
  readonly enter: readonly string[];
}): Target {
  const { engine, argv } = parts;
  const env = cliEnvironment(engine.host);
  const distribution = distributionReference();
  return {
    name: parts.name,
    engine,
    client: parts.client,
    registry: parts.registry,
    images: {
      busybox: "busybox",
      fixture: "fixture",
      distribution: `${distribution.repository}:${distribution.tag}`,
    },
    scratch: parts.scratch,
    env,
    argv,
    run: (args, options = {}) =>
      command([...argv, ...args], { timeoutMs: 120_000, ...options, env: { ...env, ...options.env } }),
    ok: (args, options = {}) =>
      mustRun([...argv, ...args], { timeoutMs: 120_000, ...options, env: { ...env, ...options.env } }),
    start: (args) => background([...argv, ...args], env),
    terminal: (args, rows, columns) => onTerminal([...argv, ...args], env, rows, columns),
    async api(method, path, body) {
      const response = await fetch(`http://engine/v1.41${path}`, {
        unix: engine.socket,
        method,
        ...(body === undefined
          ? {}
          : {
              body: typeof body === "string" ? body : JSON.stringify(body),
              headers: { "content-type": "application/json" },
            }),
      });
      return { status: response.status, text: await response.text() };
    },
    get: (url) => command([...parts.enter, "bash", "-c", httpGet(url)], { timeoutMs: 120_000 }),
  };
}

/**
 * Containers and volumes, by the API alone, which takes no client's time. Cases clean up after themselves where that is their
 * subject; nothing may reach the next case.
 */
export async function removeAll(target: Target): Promise<void> {
  const containers = async (): Promise<readonly string[]> => {
    const { text } = await target.api("GET", "/containers/json?all=1");
    return (JSON.parse(text) as readonly { readonly Id: string }[]).map(({ Id }) => Id);
  };
  await Promise.all((await containers()).map((id) => target.api("DELETE", `/containers/${id}?force=1`)));
  await eventually("no container is left", async () => ((await containers()).length === 0 ? true : undefined));
  const { text } = await target.api("GET", "/volumes");
  for (const { Name } of (JSON.parse(text) as { Volumes: { Name: string }[] | null }).Volumes ?? [])
    await target.api("DELETE", `/volumes/${Name}`);
}

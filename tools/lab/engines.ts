import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { command, mustRun, PATIENCE_MS } from "./command.ts";
import { startDaemon, type DaemonProcess } from "./daemon-process.ts";
import { extractPackages } from "./extracted-packages.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { cacheDir, findProgram, projectDir } from "./paths.ts";
import { removeCgroups } from "./remove-cgroups.ts";

/** An engine under test: ours or the reference, each with a socket, folders and a bridge of its own. */
export interface RunningEngine {
  readonly kind: "berth" | "dockerd";
  readonly socket: string;
  /** `unix://…`, for `docker -H` and `BERTH_HOST`. */
  readonly host: string;
  readonly dir: string;
  readonly daemon: DaemonProcess;
  /** Pids whose memory is the engine's: the daemon and what it runs beside it. */
  readonly pids: readonly number[];
  readonly bridge: string;
  /** Stop the engine in order and take away its bridge, folders and mounts. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** Existing scratch folder; the engine's data, state and socket go below it. */
  readonly dir: string;
  /** Existing folder for what a reboot may take, which by default is in memory: /run. `dir` when not given. */
  readonly runDir?: string;
  readonly bridge: string;
  /** Address and prefix of the bridge, e.g. `172.31.0.1/24`. */
  readonly bip: string;
  readonly extraArgs?: readonly string[];
  /** Run it inside this network instead of the machine's. */
  readonly network?: NetworkNamespace;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of dockerd's packages when it is not to be the machine's distribution's own. */
  readonly programs?: string;
  /** In front of our engine's own command line. */
  readonly through?: readonly string[];
}

/** True when an HTTP `GET /_ping` on the socket is answered with 200. */
export async function answersPing(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  const response = await fetch("http://engine/_ping", { unix: socket });
  return response.ok;
}

/**
 * How to start our engine: the built executable, or the source when `BERTH_FROM_SOURCE=1`. `program` is what follows
 * for the person's side: `[...berthCommand(), "run", …]`.
 */
export function berthCommand(): string[] {
  if (process.env["BERTH_FROM_SOURCE"] === "1")
    return [process.execPath, "--no-env-file", join(projectDir, "src/main/berth.ts")];
  const built = join(projectDir, "dist/berth");
  if (!existsSync(built)) throw new Error("dist/berth is not there: run `npm run build` first");
  return [built];
}

/** Start `berth daemon` on its own socket, folders and bridge. May be called again on the same `dir` after a kill. */
export async function startBerth(options: EngineOptions): Promise<RunningEngine> {
  const socket = join(options.dir, "berth.sock");
  const dataRoot = join(options.dir, "data");
  const execRoot = join(options.runDir ?? options.dir, "exec");
  const enter = options.network?.enter ?? [];
  const daemon = await startDaemon({
    argv: [
      ...enter,
      ...(options.through ?? []),
      ...berthCommand(),
      "daemon",
      ...["-H", `unix://${socket}`],
      ...["--data-root", dataRoot],
      ...["--exec-root", execRoot],
      ...["--pidfile", join(options.dir, "berth.pid")],
      ...["--bridge", options.bridge],
      ...["--bip", options.bip],
      ...(options.extraArgs ?? []),
    ],
    logPath: join(options.dir, "berth.log"),
    ...(options.env === undefined ? {} : { env: options.env }),
    ready: () => answersPing(socket),
  });
  return {
    kind: "berth",
    socket,
    host: `unix://${socket}`,
    dir: options.dir,
    daemon,
    pids: [daemon.pid],
    bridge: options.bridge,
    async stop() {
      if (daemon.running) await removeAllContainers(socket);
      await daemon.stop();
      await unmountBelow(options.dir);
      if (options.runDir !== undefined) await unmountBelow(options.runDir);
      rmSync(dataRoot, { recursive: true, force: true });
      rmSync(execRoot, { recursive: true, force: true });
    },
  };
}

/** Debian's docker.io with its containerd and runc, unpacked into the cache. */
export function referenceDir(): Promise<string> {
  return extractPackages("docker", ["docker.io", "containerd", "runc", "tini"]);
}

/**
 * Start Debian's dockerd and the containerd it needs, both unpacked from packages, on own socket, folders and bridge.
 * `docker-init` and the other programs are found through PATH.
 */
export async function startDockerd(options: EngineOptions): Promise<RunningEngine> {
  const root = await referenceDir();
  const enter = options.network?.enter ?? [];
  const bin = join(options.dir, "bin");
  const runDir = options.runDir ?? options.dir;
  mkdirSync(bin, { recursive: true });
  linkOnce(join(root, "usr/bin/tini-static"), join(bin, "docker-init"));
  const programs = options.programs ?? root;
  // Of a later suite it may want a newer C library than the machine has.
  if (options.programs !== undefined && (await command([join(programs, "usr/sbin/runc"), "--version"])).code !== 0)
    linkOnce(join(root, "usr/sbin/runc"), join(bin, "runc"));
  const path = [bin, join(programs, "usr/bin"), join(programs, "usr/sbin"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  const env = { PATH: path.join(delimiter), ...options.env };
  const socket = join(options.dir, "docker.sock");
  const containerdSocket = join(options.dir, "containerd.sock");
  const containerdConfig = join(options.dir, "containerd.toml");
  writeFileSync(
    containerdConfig,
    [
      "version = 2",
      `root = "${join(options.dir, "containerd")}"`,
      `state = "${join(runDir, "containerd-state")}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      "[grpc]",
      `address = "${containerdSocket}"`,
      "",
    ].join("\n"),
  );
  const containerd = await startDaemon({
    argv: [...enter, join(programs, "usr/bin/containerd"), "--config", containerdConfig],
    logPath: join(options.dir, "containerd.log"),
    env,
    ready: async () => existsSync(containerdSocket),
  });
  let daemon: DaemonProcess;
  try {
    await createBridge(enter, options.bridge, options.bip);
    daemon = await startDaemon({
      argv: [
        ...enter,
        join(programs, "usr/sbin/dockerd"),
        ...["--config-file", writeEmptyConfig(options.dir)],
        ...["-H", `unix://${socket}`],
        ...["--data-root", join(options.dir, "data")],
        ...["--exec-root", join(runDir, "exec")],
        ...["--pidfile", join(options.dir, "docker.pid")],
        ...["--containerd", containerdSocket],
        ...["--bridge", options.bridge],
        ...["--storage-driver", "overlay2"],
        ...["--cgroup-parent", `/${options.bridge}`],
        ...(options.extraArgs ?? []),
      ],
      logPath: join(options.dir, "dockerd.log"),
      env,
      ready: () => answersPing(socket),
    });
  } catch (error) {
    await containerd.stop();
    await removeBridge(enter, options.bridge);
    throw error;
  }
  return {
    kind: "dockerd",
    socket,
    host: `unix://${socket}`,
    dir: options.dir,
    daemon,
    pids: [daemon.pid, containerd.pid],
    bridge: options.bridge,
    async stop() {
      if (daemon.running) await removeAllContainers(socket);
      await daemon.stop();
      await containerd.stop();
      await unmountBelow(options.dir);
      await unmountBelow(runDir);
      await removeBridge(enter, options.bridge);
      // Dockerd makes the parent of its containers' cgroups on every hierarchy, and one for builds in it, and leaves them empty.
      removeCgroups([`${options.bridge}/buildkit`, options.bridge]);
      for (const name of ["data", "containerd", "bin"])
        rmSync(join(options.dir, name), { recursive: true, force: true });
      for (const name of ["exec", "containerd-state"]) rmSync(join(runDir, name), { recursive: true, force: true });
    },
  };
}

/** The real docker CLI: the one in PATH when its major version is 23 or newer, otherwise Debian's, unpacked. */
export async function dockerCli(): Promise<string> {
  const installed = findProgram("docker");
  if (installed !== undefined) {
    const major = /version (\d+)\./.exec((await command([installed, "--version"])).stdout)?.[1];
    if (major !== undefined && Number(major) >= 23) return installed;
  }
  return join(await referenceDir(), "usr/bin/docker");
}

/** An environment for a docker CLI that must not see the person's own configuration. */
export function cliEnvironment(host: string): Record<string, string | undefined> {
  return {
    DOCKER_CONFIG: cacheDir("docker-config"),
    DOCKER_CONTEXT: undefined,
    DOCKER_HOST: host,
    BERTH_HOST: host,
    DOCKER_CLI_HINTS: "false",
  };
}

/** By the API: it needs no client. An engine that does not answer is left as it is. */
async function removeAllContainers(socket: string): Promise<void> {
  const ask = (method: string, path: string): Promise<Response> =>
    fetch(`http://engine${path}`, { method, unix: socket, signal: AbortSignal.timeout(PATIENCE_MS) });
  try {
    const listed = (await (await ask("GET", "/containers/json?all=1")).json()) as readonly { readonly Id: string }[];
    await Promise.all(listed.map(({ Id }) => ask("DELETE", `/containers/${Id}?force=1`)));
  } catch (error) {
    console.error(`containers of ${socket} are not removed: ${String(error)}`);
  }
}

async function createBridge(enter: readonly string[], name: string, address: string): Promise<void> {
  await mustRun([...enter, "ip", "link", "add", name, "type", "bridge"]);
  await mustRun([...enter, "ip", "addr", "add", address, "dev", name]);
  await mustRun([...enter, "ip", "link", "set", name, "up"]);
}

/** Dockerd leaves a bridge that it was given. In a private network the bridge goes with the network. */
async function removeBridge(enter: readonly string[], name: string): Promise<void> {
  await command([...enter, "ip", "link", "del", name]);
}

/** Lazily unmount everything mounted below `dir`, deepest first. */
export async function unmountBelow(dir: string): Promise<void> {
  const points = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((point) => point.startsWith(`${dir}/`))
    .sort((a, b) => b.length - a.length);
  for (const point of points) await command(["umount", "-l", point]);
}

function writeEmptyConfig(dir: string): string {
  const path = join(dir, "daemon.json");
  writeFileSync(path, "{}\n");
  return path;
}

function linkOnce(target: string, path: string): void {
  try {
    statSync(path);
  } catch {
    symlinkSync(target, path);
  }
}

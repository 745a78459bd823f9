import { BerthError } from "#base/errors.ts";
import { silentLog } from "#base/log.ts";
import { SystemClock } from "#host/program/clock.ts";
import type { ContainerContexts } from "#runtime/selinux/container-labels.ts";
import type { StoredImage } from "#image/types.ts";
import type { Endpoint, Upstream } from "#network/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { ContainerDefaults } from "#spec/oci/image.ts";
import type { VolumeInfo } from "#volume/types.ts";
import type { EngineDeps } from "../engine-deps.ts";
import type { ContainerRow, EventInput, EventRecord, ExecRow, ExitRow } from "../ports.ts";
import { fakeBuilder, fakeBuildHistory, fakeTrees } from "./fake-builder.ts";
import { fakeConfig } from "./fake-config.ts";
import { FakeContainerFiles } from "./fake-container-files.ts";
import { carelessLogKeeper, noLogs } from "./fake-logs.ts";
import { fakeImages } from "./fake-images.ts";
import { noRegistries } from "./no-registries.ts";
import { fakeNetworks } from "./fake-networks.ts";
import { fakeRows } from "./fake-rows.ts";
import { FakeLauncher } from "./fake-process.ts";
import { fakeCgroups, fakeCounters } from "./fake-resources.ts";
import { fakeVolumeCopies } from "./fake-volume-copies.ts";

const timers = new SystemClock();

/** An engine's surroundings in memory. What survives an engine (rows, processes, directories) survives here too. */
export class FakeWorld {
  readonly rows = new Map<string, ContainerRow>();
  readonly execRows = new Map<string, ExecRow>();
  readonly images = new Map<string, StoredImage>();
  /** How long a list of images takes. */
  listMs = 0;
  readonly launcher = new FakeLauncher();
  /** Newest first. */
  readonly exits: ExitRow[] = [];
  readonly published: EventInput[] = [];
  /** What later subscribers can ask for. */
  readonly history: EventRecord[] = [];
  readonly directories = new Set<string>();
  readonly texts = new Map<string, string>([
    ["/etc/resolv.conf", "nameserver 192.0.2.53\n"],
    ["/etc/hosts", "127.0.0.1\tlocalhost\n"],
  ]);
  readonly snapshots = new Set<string>();
  readonly cgroups = new Set<string>();
  readonly frozen = new Set<string>();
  removingCgroup: (() => Promise<void>) | undefined;
  readonly containerFiles = new FakeContainerFiles();
  readonly endpoints = new Map<string, readonly Endpoint[]>();
  readonly upstreams = new Map<string, readonly Upstream[]>();
  readonly volumes = new Set<string>();
  /** What SELinux's policy says of containers, when the next engine comes up. */
  selinux: ContainerContexts | undefined;
  /** How long a second of the timers takes, in milliseconds. */
  secondMs = 1000;
  readonly fileLabels = new Map<string, string>();
  /** Thrown by the next reserve(). */
  networkFailure: BerthError | undefined;
  /** Thrown by every change of a row. */
  diskFailure: BerthError | undefined;
  /** Thrown when a file with this path is read. */
  unreadable: string | undefined;
  #now = 1_700_000_000_000_000_000n;
  readonly #listeners = new Set<(record: EventRecord) => void>();

  constructor() {
    this.addImage("busybox:latest", { Cmd: ["sh"], Env: ["PATH=/bin"] });
  }

  addImage(name: string, config: ContainerDefaults): StoredImage {
    const id = `sha256:${(this.images.size + 1).toString(16).padStart(64, "0")}`;
    const image: StoredImage = {
      id,
      manifest: {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: `sha256:${"f".repeat(64)}`,
        size: 1,
      },
      rawConfig: new Uint8Array(),
      config: {
        architecture: "amd64",
        os: "linux",
        created: "2026-01-01T00:00:00Z",
        config,
        rootfs: { type: "layers", diff_ids: [] },
      },
      diffIds: ["sha256:aa"],
      layers: [{ diffId: "sha256:aa", sizeBytes: 10, path: "/l" }],
      repoTags: [name],
      repoDigests: [],
      sizeBytes: 1000,
      lastTaggedAt: undefined,
      parentId: undefined,
      lastUsedAt: undefined,
      isLocked: false,
      artifactType: undefined,
      indexDigest: undefined,
      variants: [],
    };
    this.images.set(name, image);
    return image;
  }

  /** Let time go by. */
  pass(seconds: number): void {
    this.#now += BigInt(seconds) * 1_000_000_000n;
  }

  /** Nothing that only a running container has. */
  get leftovers(): readonly string[] {
    return [
      ...this.cgroups,
      ...this.endpoints.keys(),
      ...[...this.directories].filter((path) => path.startsWith("/run/")),
    ];
  }

  deps(): EngineDeps {
    return {
      config: fakeConfig,
      machine: {
        hostname: "machine",
        kernelVersion: "6.18.0",
        operatingSystem: "Debian",
        osVersion: "12",
        machine: "x86_64",
        architecture: "amd64",
        cpus: 2,
        memoryBytes: 4e9,
        memoryNodes: 1,
        backingFileSystem: "extfs",
        cgroupVersion: 2,
        cgroupControllers: ["cpu", "memory", "pids"],
        seccomp: true,
        apparmor: false,
        selinux: this.selinux,
        cgroupNamespaces: true,
        thermalThrottlePaths: [],
        projectQuota: false,
      },
      log: silentLog,
      clock: {
        nowNs: () => (this.#now += 1_000_000_000n),
        after: (milliseconds, work) => timers.after((milliseconds * this.secondMs) / 1000, work),
      },
      files: this.#files(),
      paths: {
        dataRoot: "/data",
        containersDir: "/data/containers",
        pausedForCopy: "/run/paused-for-copy.json",
        mountsDir: "/run/mounts",
        containerMountsDir: (id) => `/run/mounts/${id}`,
        containerRunsDir: "/run/containers",
        execRunsDir: "/run/execs",
        containerDir: (id) => `/data/containers/${id}`,
        containerHosts: (id) => `/data/containers/${id}/hosts`,
        containerHostname: (id) => `/data/containers/${id}/hostname`,
        containerResolvConf: (id) => `/data/containers/${id}/resolv.conf`,
        containerLog: (id) => `/data/containers/${id}/output.log`,
        containerHealth: (id) => `/run/containers/${id}/health`,
        containerJsonLog: (id) => `/data/containers/${id}/${id}-json.log`,
        containerRunDir: (id) => `/run/containers/${id}`,
        foreignStageDir: "/run/stage",
        runtimeStateDir: (name) => `/run/runtimes/${name}`,
        execRunDir: (id) => `/run/execs/${id}`,
      },
      containerFiles: this.containerFiles,
      ...fakeRows(this),
      listeners: { at: () => [] },
      oomKills: { since: () => [] },
      events: this.#events(),
      images: fakeImages(this),
      builder: fakeBuilder,
      buildHistory: fakeBuildHistory(),
      trees: fakeTrees,
      cacheKeeper: { list: async () => [], prune: async () => ({ removed: [], reclaimedBytes: 0 }) },
      snapshots: this.#snapshotter(),
      networks: fakeNetworks(this),
      volumes: this.#volumes(),
      ...fakeVolumeCopies,
      fileLabels: {
        set: (path, label) => void this.fileLabels.set(path, label),
        relabel: async (path, label) => void this.fileLabels.set(path, label),
      },
      hostMounts: {
        sharedMemory: async (path) => void this.directories.add(path),
        inside: async (path) => void this.directories.add(path),
        layers: async (path) => void this.directories.add(path),
        release: async (directory) => {
          for (const path of this.directories) if (path.startsWith(`${directory}/`)) this.directories.delete(path);
        },
      },
      launcher: this.launcher,
      planner: {
        container: async ({ spec }) => {
          this.cgroups.add(`/berth/${spec.id}`);
          return { plan: planOf(spec.argv), oomEventsPath: undefined, warnings: [] };
        },
        makesNetwork: () => true,
        cgroupsAhead: () => undefined,
        check: () => [],
        changeLimits: () => ({ warnings: [], undo() {} }),
        exec: async ({ exec }) => ({ plan: planOf(exec.Cmd ?? []), oomEventsPath: undefined, warnings: [] }),
        mustForget: () => false,
        forget: async () => {},
        cgroupParent: "/berth",
        cgroupPath: (spec) => `/berth/${spec.id}`,
        userIds: () => ({ uid: 1000, gid: 1001 }),
      },
      cgroups: fakeCgroups(this),
      counters: fakeCounters,
      sockets: {
        connect: () => Promise.reject(new BerthError("unavailable", "connection refused")),
        secure: () => Promise.reject(new BerthError("unavailable", "connection refused")),
      },
      processes: {
        killBelow() {},
        isEnding: () => false,
        list: async (pids) => ({ Titles: ["PID"], Processes: pids.map((pid) => [String(pid)]) }),
      },
      logs: noLogs,
      logKeeper: carelessLogKeeper,
      downloads: { open: async () => ({ sizeBytes: 0, chunks: nothing() }) },
      registries: noRegistries,
      registryLogin: { login: async () => ({ identityToken: undefined }) },
    };
  }

  #files(): EngineDeps["files"] {
    const { directories, texts } = this;
    return {
      readText: async (path) => {
        if (path === this.unreadable) throw new BerthError("internal", `read ${path}: input/output error`);
        return texts.get(path) ?? "";
      },
      readTextMaybe: async (path) => texts.get(path),
      writeText: async (path, text) => void texts.set(path, text),
      makeFile: async (path) => !texts.has(path) && texts.set(path, "") !== undefined,
      makeDirectory: async (path) => void directories.add(path),
      makeContainerDirectory: async (path) => void directories.add(path),
      removeTree: async (path) => {
        for (const known of [...directories])
          if (known === path || known.startsWith(`${path}/`)) directories.delete(known);
      },
      discard: async (path) => {
        for (const known of [...directories])
          if (known === path || known.startsWith(`${path}/`)) directories.delete(known);
      },
      isThere: async (path) => directories.has(path) || texts.has(path),
      kind: async (path) => (directories.has(path) ? "directory" : texts.has(path) ? "file" : undefined),
      names: async (path) =>
        [...directories].filter((known) => known.startsWith(`${path}/`)).map((known) => known.slice(path.length + 1)),
    };
  }

  #volumes(): EngineDeps["volumes"] {
    const info = (name: string): VolumeInfo => ({
      name,
      driver: "local",
      path: `/data/volumes/${name}/_data`,
      createdAtNs: 5_000_000_000n,
      labels: {},
      options: {},
      scope: "local",
      locked: false,
    });
    const listLocal = (): readonly VolumeInfo[] => [...this.volumes].map(info);
    return {
      drivers: ["local"],
      ensure: async (name, driver) => {
        if (driver !== "" && driver !== "local") {
          throw new BerthError(
            "not-found",
            `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`,
          );
        }
        const created = !this.volumes.has(name);
        this.volumes.add(name);
        return { path: info(name).path, driver: "local", created };
      },
      find: async (name) => (this.volumes.has(name) ? info(name) : undefined),
      list: async () => ({ volumes: listLocal(), warnings: [] }),
      listLocal,
      mount: async (name) => info(name).path,
      unmount: async () => {},
      sizeBytes: async () => 3,
      setLocked: () => {},
      remove: async (name) => void this.volumes.delete(name),
      copyUp: async () => {},
    };
  }

  #events(): EngineDeps["events"] {
    const { published } = this;
    const { history } = this;
    const listeners = this.#listeners;
    const now = (): bigint => (this.#now += 1n);
    return {
      get listeners() {
        return listeners.size;
      },
      publish(event) {
        published.push(event);
        const record = { ...event, timeNs: now() };
        history.push(record);
        for (const listener of listeners) listener(record);
      },
      async *subscribe({ signal, sinceNs, untilNs }) {
        if (untilNs !== undefined)
          return yield* history.filter(({ timeNs }) => timeNs >= (sinceNs ?? timeNs) && timeNs <= untilNs);
        const queue: EventRecord[] = [];
        let wake = (): void => {};
        const listener = (record: EventRecord): void => {
          queue.push(record);
          wake();
        };
        listeners.add(listener);
        signal?.addEventListener("abort", () => wake(), { once: true });
        try {
          for (;;) {
            if (signal?.aborted === true) return;
            const record = queue.shift();
            if (record !== undefined) yield record;
            else await new Promise<void>((resolve) => (wake = resolve));
          }
        } finally {
          listeners.delete(listener);
        }
      },
    };
  }

  #snapshotter(): Snapshotter {
    const { snapshots } = this;
    const mount = (key: string) =>
      ({ kind: "overlay", lowerDirs: ["/l"], upperDir: `/s/${key}/upper`, workDir: `/s/${key}/work` }) as const;
    return {
      prepare: async (key) => {
        snapshots.add(key);
        return mount(key);
      },
      mount: async (key) => {
        if (!snapshots.has(key)) throw new BerthError("not-found", `no snapshot ${key}`);
        return mount(key);
      },
      remove: async (key) => void snapshots.delete(key),
      usage: async () => ({ sizeBytes: 5, inodes: 1 }),
      keys: async () => [...snapshots],
    };
  }
}

function planOf(argv: readonly string[]) {
  return { create: [], join: [], uidMap: "", gidMap: "", cgroup: { procs: [] }, steps: [], exec: { argv, env: [] } };
}

async function* nothing(): AsyncIterable<Uint8Array> {
  yield new Uint8Array();
}

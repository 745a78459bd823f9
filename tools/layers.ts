/**
 * Which folder of `src/` may import which, as data. Read it top down: a folder may import what its entry lists and
 * itself, nothing else. The longest matching folder wins, so `host/http` has rules of its own inside `host`.
 */
export interface Layer {
  readonly folder: string;
  readonly may: readonly string[];
  readonly reason: string;
}

const pure = ["base", "spec"];
const storage = [...pure, "host", "content", "state", "events"];

export const layers: readonly Layer[] = [
  { folder: "base", may: [], reason: "pure tools for everyone; knows nothing" },
  { folder: "spec", may: ["base"], reason: "wire and file formats: types, parsing, printing; no behaviour" },
  { folder: "host", may: [...pure, "host/http"], reason: "the only room that touches the operating system" },
  { folder: "host/http", may: pure, reason: "the client side must link without the engine's system calls" },
  { folder: "content", may: [...pure, "host"], reason: "blobs on disk" },
  { folder: "state", may: [...pure, "host"], reason: "rows and paths on disk" },
  { folder: "events", may: [...pure, "host"], reason: "the event log" },
  {
    folder: "snapshot",
    may: storage,
    reason: "unpacked layers and writable views stand on content and rows",
  },
  {
    folder: "image",
    may: [...storage, "snapshot"],
    reason: "an image is unpacked through the Snapshotter interface; registries come in as sources image/ declares",
  },
  {
    folder: "runtime",
    may: [...storage, "snapshot"],
    reason: "OCI spec to plan to process; takes its root as a RootMount value; knows no image and no network",
  },
  { folder: "network", may: storage, reason: "bridges, addresses, rules" },
  {
    folder: "volume",
    may: [...storage, "snapshot"],
    reason: "named folders that outlive containers, filled from an image's root the first time",
  },
  { folder: "logs", may: [...storage, "runtime"], reason: "reads records in the format that runtime/shim defines" },
  { folder: "remote", may: [...storage, "image"], reason: "registry client: implements the sources of image/" },
  {
    folder: "build",
    may: [...storage, "snapshot", "image", "runtime", "network", "remote"],
    reason: "Dockerfile to graph to solver to exporters; what runs and what is stored stands below",
  },
  {
    folder: "registry",
    may: [...pure, "host", "content", "state"],
    reason: "the registry's use cases: a program of its own beside the engine, over its own database and storage",
  },
  {
    folder: "engine",
    may: [...storage, "snapshot", "image", "runtime", "network", "volume", "logs", "remote", "build"],
    reason: "use cases over everything below; knows no face",
  },
  {
    folder: "server",
    may: [...storage, "host/http", "image", "runtime", "network", "logs", "build", "engine"],
    reason: "a face of the engine",
  },
  {
    folder: "server/registry",
    may: [...pure, "host", "registry"],
    reason: "a face of the registry; knows no engine",
  },
  { folder: "client", may: [...pure, "host/http"], reason: "typed Engine API client; drives any engine" },
  { folder: "cli", may: [...pure, "host/http", "client"], reason: "a person's side; only what a client can know" },
  {
    folder: "compose",
    may: [...pure, "host/http", "client", "cli"],
    reason: "a person's side for many containers: reads files, compares, calls the client; prints as cli/ does",
  },
  {
    folder: "main",
    may: [
      "compose",
      ...storage,
      "snapshot",
      "image",
      "runtime",
      "network",
      "volume",
      "logs",
      "remote",
      "build",
      "engine",
      "registry",
      "server",
      "client",
      "cli",
      "host/http",
    ],
    reason: "composition roots: the only `new` of implementations",
  },
];

/** Modules without input or output: allowed in every folder. */
export const pureModules: ReadonlySet<string> = new Set([
  "node:assert",
  "node:assert/strict",
  "node:async_hooks",
  "node:buffer",
  "node:crypto",
  "node:events",
  "node:path",
  "node:path/posix",
  "node:querystring",
  "node:stream",
  "node:stream/promises",
  "node:string_decoder",
  "node:timers/promises",
  "node:url",
  "node:util",
  "node:zlib",
]);

export interface PlatformGrant {
  /** Folder, or file, under `src/`. */
  readonly where: string;
  /** Module specifiers, or `*` for all of them and the `Bun` global. */
  readonly modules: readonly string[] | "*";
  readonly reason: string;
}

/** Who may use what is not in {@link pureModules}: the system's modules, `bun:*` and the `Bun` global. */
export const platformGrants: readonly PlatformGrant[] = [
  { where: "host", modules: "*", reason: "host/ is where input and output live" },
  {
    where: "server/docker/testing/served-engine.ts",
    modules: ["node:net"],
    reason: "tests see and say what goes over the wire",
  },
  {
    where: "compose",
    modules: ["yaml"],
    reason: "a library without input or output: YAML with the place of every value",
  },
  {
    where: "base/cron.ts",
    modules: ["croner"],
    reason: "a library without input or output: the times that a line of cron names",
  },
  {
    where: "base/sha256.ts",
    modules: "*",
    reason: "Bun.CryptoHasher: a hash without input or output; node:crypto brings Node's streams with it",
  },
  {
    where: "client",
    modules: ["node:http", "node:net"],
    reason: "names the types that host/http hands it",
  },
];

export interface AssetGrant {
  readonly where: string;
  /** File or folder of the project, outside `src/`. */
  readonly asset: string;
  readonly reason: string;
}

/** Files outside `src/` that source files import. They are not followed, and may not be there before a build. */
export const assetGrants: readonly AssetGrant[] = [
  { where: "host", asset: "dist", reason: "the native parts, embedded in the executable" },
  { where: "main", asset: "package.json", reason: "the program's version" },
];

export interface LongFile {
  readonly path: string;
  readonly lines: number;
  readonly reason: string;
}

/** Files that may be longer than {@link maximumLines}, up to the number given. Generated files are not counted. */
export const longFiles: readonly LongFile[] = [
  {
    path: "host/kernel/syscalls.ts",
    lines: 720,
    reason: "a table: one short function for each system call, in sections",
  },
  { path: "spec/oci/runtime.ts", lines: 450, reason: "one type for one document, in the order of the specification" },
];

export const maximumLines = 400;

/** Files under `src/` that may export what only tests take. */
export const exportsForTests: readonly { readonly path: string; readonly reason: string }[] = [
  { path: "src/host/kernel/linux.ts", reason: "tests say what they ask of the kernel by its names" },
  { path: "src/host/kernel/syscalls.ts", reason: "tests look at the kernel by its own calls" },
];

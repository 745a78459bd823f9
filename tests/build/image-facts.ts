import { createHash, type Hash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { TarReader, type TarEntry } from "#spec/tar/tar-reader.ts";

/** Runs `docker …` against some engine; `path` names a file for the program as it is named for this process. */
export interface DockerCommand {
  /** Standard output; rejects when the command fails. */
  run(...args: readonly string[]): Promise<string>;
  /** A file that does not exist yet. */
  scratchFile(): { readonly here: string; readonly there: string };
}

/** What an image is: its settings, its history, and each of its files by path. */
export interface ImageFacts {
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly string[];
  readonly layers: number;
  readonly files: ReadonlyMap<string, string>;
}

const SETTINGS = [
  "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "OnBuild", "StopSignal",
  "Healthcheck", "Shell",
]; // prettier-ignore

/** Put into every container by the engine. */
const NOT_THE_IMAGES = /^(\.dockerenv|dev(\/.*)?|proc(\/.*)?|sys(\/.*)?|etc\/(hosts|hostname|resolv\.conf|mtab))$/;

export async function readImageFacts(docker: DockerCommand, image: string): Promise<ImageFacts> {
  const [inspect] = JSON.parse(await docker.run("image", "inspect", image)) as readonly {
    readonly Author?: string;
    readonly Config?: Readonly<Record<string, unknown>>;
    readonly RootFS?: { readonly Layers?: readonly string[] };
  }[];
  const config = inspect?.Config ?? {};
  const settings = SETTINGS.flatMap((key) => (isSaid(config[key]) ? [[key, sorted(config[key])] as const] : []));
  const history = await docker.run("history", "--no-trunc", "--format", "{{.CreatedBy}}", image);
  return {
    config: { ...Object.fromEntries(settings), ...(inspect?.Author ? { Author: inspect.Author } : {}) },
    history: history
      .split("\n")
      .filter((line) => line !== "")
      .toReversed(),
    layers: inspect?.RootFS?.Layers?.length ?? 0,
    files: await readFiles(docker, image),
  };
}

/** Facts as text, files only where they are not the base's; `base` may be undefined for an empty one. */
export function describeFacts({ config, history, layers, files }: ImageFacts, base: ImageFacts | undefined): string {
  const below = base?.files ?? new Map<string, string>();
  const paths = [...new Set([...files.keys(), ...below.keys()])].sort();
  return [
    `config ${JSON.stringify(config)}`,
    ...history.slice(base?.history.length ?? 0).map((line) => `history ${line}`),
    `layers ${layers - (base?.layers ?? 0)}`,
    ...paths.flatMap((path) => {
      const [now, before] = [files.get(path), below.get(path)];
      if (now === before) return [];
      return [now === undefined ? `- ${path}` : `${path} ${now}`];
    }),
  ].join("\n");
}

async function readFiles(docker: DockerCommand, image: string): Promise<ReadonlyMap<string, string>> {
  const container = (await docker.run("create", image, "/none")).trim();
  const archive = docker.scratchFile();
  try {
    await docker.run("export", "-o", archive.there, container);
    return listArchive(readFileSync(archive.here));
  } finally {
    await docker.run("rm", "-fv", container);
    rmSync(archive.here, { force: true });
  }
}

function listArchive(bytes: Uint8Array): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  let hash: Hash;
  let entry: TarEntry | undefined;
  const reader = new TarReader({
    entry: (next) => {
      entry = next;
      hash = createHash("sha256");
    },
    data: (chunk, start, end) => void hash.update(chunk.subarray(start, end)),
    entryEnd: () => {
      if (entry === undefined) return;
      const path = decoded(entry.name)
        .replace(/^\.?\//, "")
        .replace(/\/$/, "");
      if (path !== "" && !NOT_THE_IMAGES.test(path)) files.set(path, describeEntry(entry, hash.digest("hex")));
    },
  });
  reader.push(bytes);
  reader.end();
  return files;
}

function describeEntry(entry: TarEntry, digest: string): string {
  const owner = `${entry.uid}:${entry.gid}`;
  const mode = entry.mode.toString(8).padStart(4, "0");
  const xattrs = [...(entry.xattrs ?? [])].map(([name, value]) => ` ${name}=${Buffer.from(value).toString("hex")}`);
  const more =
    entry.type === "file"
      ? ` ${entry.size} ${digest.slice(0, 12)}`
      : entry.type === "symlink" || entry.type === "hardlink"
        ? ` -> ${decoded(entry.linkName)}`
        : "";
  return `${entry.type} ${entry.type === "symlink" ? "" : `${mode} `}${owner}${more}${xattrs.join("")}`;
}

function decoded(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}

function isSaid(value: unknown): boolean {
  return value !== null && value !== undefined && value !== "" && Object.keys(value).length > 0;
}

/** Maps in the order of their keys; lists keep theirs. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

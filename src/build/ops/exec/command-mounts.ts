import { BerthError } from "#base/errors.ts";
import { withFd, ensureDirectory, exists, parentOf, writeFileAtomic } from "#host/files/files.ts";
import { AT_FDCWD, O_CREAT, O_WRONLY, S_IFDIR, S_IFMT } from "#host/kernel/linux.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { relaySocket } from "#host/sockets/socket-relay.ts";
import { open, statx } from "#host/kernel/syscalls.ts";
import type { OverlayMount } from "#runtime/compile/compile-container.ts";
import type { ContainerMount } from "#runtime/docker/types.ts";
import { OverlayReader } from "#runtime/user/overlay-reader.ts";
import type { ExecMount, ExecOperation } from "../../graph/types.ts";
import type { StepRequest, TreeLayer } from "../../solver/types.ts";
import type { CacheFolders } from "./cache-folders.ts";

type BindMount = Extract<ExecMount, { type: "bind" }>;
type HandedMount = Extract<ExecMount, { type: "secret" | "ssh" | "file" }>;

export interface PreparedMounts {
  readonly mounts: readonly ContainerMount[];
  /** Made after those. */
  readonly overlays: readonly OverlayMount[];
  /** Variables with secrets, and the agent's. */
  readonly env: readonly string[];
  /** A directory with the mount points; undefined when there are none. */
  readonly stubs: string | undefined;
  release(): Promise<void>;
}

export interface CommandMountsRequest extends Omit<StepRequest, "operation"> {
  readonly operation: ExecOperation;
  readonly id: string;
  /** On a tmpfs, private to this command; goes with it. */
  readonly dir: string;
  /** Mounts that others make, which need a mount point here. */
  readonly more: readonly { readonly hostPath: string; readonly containerPath: string }[];
}

/** Mounts on the host that a command's own are taken from. */
export interface MountPlaces {
  layers(path: string, directories: readonly string[]): Promise<void>;
  inside(path: string, root: string, subpath: string): Promise<void>;
  release(directory: string): Promise<void>;
}

/** What `RUN --mount` asks for, made ready on the host. */
export class CommandMounts {
  readonly #places: MountPlaces;
  readonly #placeDir: (id: string) => string;
  readonly #caches: CacheFolders;
  readonly #scratch: () => string;

  /** `scratch`: a fresh path on the file system of layers, for writes that are thrown away. */
  constructor(deps: {
    readonly places: MountPlaces;
    readonly placeDir: (id: string) => string;
    readonly caches: CacheFolders;
    readonly scratch: () => string;
  }) {
    this.#places = deps.places;
    this.#placeDir = deps.placeDir;
    this.#caches = deps.caches;
    this.#scratch = deps.scratch;
  }

  async prepare(request: CommandMountsRequest): Promise<PreparedMounts> {
    const { operation, id, dir, settings } = request;
    const work = new MountWork(request);
    const isPlaced = operation.mounts.some(({ type }) => type === "cache");
    const undo: (() => Promise<unknown>)[] = isPlaced ? [() => this.#places.release(this.#placeDir(id))] : [];
    const release = async (): Promise<void> => {
      for (const act of undo.toReversed()) await act();
    };
    try {
      for (const [index, mount] of operation.mounts.entries()) {
        const place = `${this.#placeDir(id)}/${index}`;
        switch (mount.type) {
          case "bind":
            this.#bind(work, mount, request, undo);
            break;
          case "cache": {
            const folder = await this.#caches.take(mount, request.signal, async (path, fill) => {
              if (await request.fillMount(mount.id, path, request.signal)) return;
              await this.#seed(mount, request, place, fill);
            });
            undo.push(() => folder.release());
            work.bind(folder.path, mount.target, mount.readOnly);
            break;
          }
          case "tmpfs":
            work.tmpfs(mount.target, mount.sizeBytes);
            break;
          case "secret":
            work.secret(mount, `${dir}/mount-${index}`);
            break;
          case "ssh":
            await this.#agent(work, mount, request, `${dir}/mount-${index}`, undo);
            break;
          case "file":
            work.file(mount, `${dir}/mount-${index}`);
        }
      }
      for (const { hostPath, containerPath } of request.more) work.point(containerPath, !isDirectory(hostPath));
      const stubs = work.hasPoints ? work.makeStubs(this.#scratch()) : undefined;
      if (stubs !== undefined) undo.push(() => removeTree(stubs));
      for (const { name, id: secret, required } of operation.secretEnv) {
        const value = settings.secrets.get(secret);
        if (value === undefined && required) throw secretMissing(secret);
        if (value !== undefined) work.env.push(`${name}=${new TextDecoder().decode(value)}`);
      }
      return { mounts: work.mounts, overlays: work.overlays, env: work.env, stubs, release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** By a socket in between, which belongs to whom the mount says. */
  async #agent(
    work: MountWork,
    mount: Extract<HandedMount, { type: "ssh" }>,
    { settings }: CommandMountsRequest,
    path: string,
    undo: (() => Promise<unknown>)[],
  ): Promise<void> {
    const { id, required, mode, uid, gid } = mount;
    const to = settings.agents.get(id);
    if (to !== undefined) {
      const relay = await relaySocket({ path, mode, uid, gid, to });
      undo.push(async () => relay.close());
      work.agent(path, mount);
    } else if (required)
      throw new BerthError("invalid-parameter", `unset ssh forward key ${id}`, { hint: `Give it with --ssh ${id}.` });
  }

  /** An overlay of the layers, with a directory for what is written, which is thrown away. */
  #bind(work: MountWork, mount: BindMount, request: CommandMountsRequest, undo: (() => Promise<unknown>)[]): void {
    const { source, target, readOnly } = mount;
    const scratch = this.#scratch();
    undo.push(() => removeTree(scratch));
    for (const name of ["", "/below", "/upper", "/work"]) ensureDirectory(`${scratch}${name}`, 0o755);
    const below = [...directoriesOf(layersOf(request, mount.from)), `${scratch}/below`];
    // An overlay that nobody writes to needs two directories.
    const lowerDirs = readOnly ? [...below, `${scratch}/upper`] : below;
    const [upperDir = "", ...others] = lowerDirs;
    const kind = new OverlayReader({ kind: "overlay", upperDir, lowerDirs: others, workDir: "" }).kind(source);
    if (kind === undefined)
      throw new BerthError("invalid-parameter", `cannot access path ${source}: no such file or directory`);
    const upper = readOnly ? undefined : { directory: `${scratch}/upper`, work: `${scratch}/work` };
    work.overlay({ lowerDirs, upper, source, target }, kind === "file");
  }

  /** Show a path of some layers on the host: the path to bind from. */
  async #show(layers: readonly TreeLayer[], subpath: string, place: string): Promise<string> {
    const directories = directoriesOf(layers);
    ensureDirectory(parentOf(place), 0o700);
    if (directories.length === 0) {
      ensureDirectory(place, 0o700);
      return place;
    }
    await this.#places.layers(`${place}-tree`, directories);
    if (subpath === "/" || subpath === "") return `${place}-tree`;
    await this.#places.inside(place, `${place}-tree`, subpath);
    return place;
  }

  async #seed(
    mount: Extract<ExecMount, { type: "cache" }>,
    request: CommandMountsRequest,
    place: string,
    fill: (directory: string) => Promise<void>,
  ): Promise<void> {
    if (mount.from === undefined) return;
    await fill(await this.#show(layersOf(request, mount.from), mount.source, place));
  }
}

/** The mounts of one command as they come together. */
class MountWork {
  readonly mounts: ContainerMount[] = [];
  readonly overlays: OverlayMount[] = [];
  readonly env: string[] = [];
  readonly #request: CommandMountsRequest;
  readonly #points: { readonly target: string; readonly isFile: boolean }[] = [];

  constructor(request: CommandMountsRequest) {
    this.#request = request;
  }

  bind(source: string, target: string, readOnly: boolean, { isFile = false } = {}): void {
    this.#points.push({ target, isFile });
    this.mounts.push({
      type: "bind",
      source,
      destination: target,
      readOnly,
      propagation: "",
      recursive: true,
      recursiveReadOnly: "if-possible",
      ownIds: true,
    });
  }

  tmpfs(target: string, sizeBytes: number | undefined): void {
    this.#points.push({ target, isFile: false });
    const options = ["exec", ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`])];
    this.mounts.push({ type: "tmpfs", destination: target, options });
  }

  overlay(mount: OverlayMount, isFile: boolean): void {
    this.#points.push({ target: mount.target, isFile });
    this.overlays.push(mount);
  }

  secret(mount: Extract<HandedMount, { type: "secret" }>, path: string): void {
    const value = this.#request.settings.secrets.get(mount.id);
    if (value === undefined) {
      if (mount.required) throw secretMissing(mount.id);
      return;
    }
    const { mode, uid, gid, target } = mount;
    writeFileAtomic(path, value, { mode, owner: { uid, gid }, durable: false });
    this.bind(path, target, true, { isFile: true });
  }

  agent(path: string, { target }: Extract<HandedMount, { type: "ssh" }>): void {
    this.bind(path, target, true, { isFile: true });
    const known = [...this.#request.operation.env, ...this.env].some((entry) => entry.startsWith("SSH_AUTH_SOCK="));
    if (!known) this.env.push(`SSH_AUTH_SOCK=${target}`);
  }

  file(mount: Extract<HandedMount, { type: "file" }>, path: string): void {
    writeFileAtomic(path, mount.content, { mode: mount.mode, durable: false });
    this.bind(path, mount.target, true, { isFile: true });
  }

  point(target: string, isFile: boolean): void {
    this.#points.push({ target, isFile });
  }

  get hasPoints(): boolean {
    return this.#points.length > 0;
  }

  /** Make the mount points in `directory`. */
  makeStubs(directory: string): string {
    ensureDirectory(directory, 0o755);
    for (const { target, isFile } of this.#points) {
      const parts = target.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
      const folders = isFile ? parts.length - 1 : parts.length;
      for (let count = 1; count <= folders; count++) makeFolder(`${directory}/${parts.slice(0, count).join("/")}`);
      const path = `${directory}/${parts.join("/")}`;
      if (isFile && !exists(path)) withFd(open(path, O_WRONLY | O_CREAT, 0o755), () => {});
    }
    return directory;
  }
}

function isDirectory(path: string): boolean {
  return (statx(AT_FDCWD, path).mode & S_IFMT) === S_IFDIR;
}

function makeFolder(path: string): void {
  if (!exists(path)) ensureDirectory(path, 0o755);
}

function secretMissing(id: string): BerthError {
  return new BerthError("invalid-parameter", `secret ${id}: not found`, {
    hint: `Give it with --secret id=${id},src=FILE or --secret id=${id},env=VARIABLE.`,
  });
}

/** Topmost first, each once. */
function directoriesOf(layers: readonly TreeLayer[]): readonly string[] {
  return [...new Set(layers.map(({ path }) => path).toReversed())];
}

function layersOf(request: CommandMountsRequest, from: BindMount["from"]): readonly TreeLayer[] {
  if (from === undefined) return [];
  const tree = request.tree(from);
  if (tree.kind === "folder") throw new BerthError("internal", "a folder was not made a layer before it was mounted");
  return tree.layers;
}

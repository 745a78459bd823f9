import { BerthError, isBerthError } from "#base/errors.ts";
import { withFd } from "#host/files/files.ts";
import type { Helpers, HelperRun } from "#host/helpers/helper-pool.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import { O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { open, readDirectory } from "#host/kernel/syscalls.ts";
import { OverlayReader } from "#runtime/user/overlay-reader.ts";
import type { LayerDirectories, PendingLayer } from "#snapshot/layer-directories.ts";
import { treeUsage } from "#snapshot/tree-usage.ts";
import type { RootMount } from "#snapshot/types.ts";
import { COPY_TASK, MAKE_DIRECTORY_TASK, type CopyInput, type CopyTaskSource } from "../files/copy-task.ts";
import type { TargetRoot } from "../files/target-root.ts";
import type { CopyOperation, ExecOperation, MakeDirectory } from "../graph/types.ts";
import type { FailedPlace, FileTree, StepRequest, StepRunner, TreeLayer } from "../solver/types.ts";
import { resolveOwner } from "./resolve-owner.ts";
import type { CommandDeps } from "./exec/command-container.ts";
import { CommandSeats } from "./exec/command-seats.ts";
import { CommandPlace } from "./exec/command-place.ts";
import { runCommand } from "./exec/run-command.ts";

export interface StepRunnerDeps {
  readonly layers: LayerDirectories;
  readonly helpers: Helpers;
  readonly command: CommandDeps;
  /** Laid over the tree that a command runs on, see snapshot/init-layer.ts. */
  readonly initLayer: string;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
}

/** The steps of one build as overlay mounts on the layers below: what a step writes is its layer, as it is. */
export class LayerStepRunner implements StepRunner {
  readonly #deps: StepRunnerDeps;
  readonly #seats: CommandSeats;

  constructor(deps: StepRunnerDeps) {
    this.#deps = deps;
    this.#seats = new CommandSeats(deps.command);
  }

  end(): Promise<void> {
    return this.#seats.end();
  }

  run(request: StepRequest): ReturnType<StepRunner["run"]> {
    const { operation } = request;
    switch (operation.kind) {
      case "exec":
        return this.#exec({ ...request, operation });
      case "copy":
        return this.#copy({ ...request, operation });
      case "mkdir":
        return this.#makeDirectory({ ...request, operation });
    }
  }

  place(request: StepRequest & { readonly operation: ExecOperation }): FailedPlace {
    return this.#placeIn(this.#deps.layers.begin(), request);
  }

  #placeIn(pending: PendingLayer, request: StepRequest & { readonly operation: ExecOperation }): FailedPlace {
    const root = this.#rootOn(pending, request.base);
    return new CommandPlace(this.#deps.command, this.#seats, { request, root, release: () => pending.abort() });
  }

  #rootOn(pending: PendingLayer, base: FileTree): RootMount {
    const lowerDirs = [this.#deps.initLayer, ...directoriesOf(base)];
    return { kind: "overlay", lowerDirs, upperDir: pending.treePath, workDir: pending.makeWork() };
  }

  #exec(request: StepRequest & { readonly operation: ExecOperation }): ReturnType<StepRunner["run"]> {
    const { keep } = request;
    return this.#inLayer(
      async (pending) => {
        await runCommand(this.#deps.command, this.#seats, request, this.#rootOn(pending, request.base));
        return (await treeUsage(pending.treePath)).sizeBytes;
      },
      keep === undefined ? undefined : (pending) => keep(this.#placeIn(pending, request)),
    );
  }

  #copy(request: StepRequest & { readonly operation: CopyOperation }): ReturnType<StepRunner["run"]> {
    const { operation, signal } = request;
    const { owner, destination, destinationIsDirectory, link, mode, parents, excludes } = operation;
    return this.#inLayer(async (pending) => {
      const base: FileTree = link ? { kind: "layers", layers: [] } : request.base;
      const input: CopyInput = {
        target: targetOn(base, pending),
        sources: operation.sources.map((source): CopyTaskSource => {
          if (source.type === "inline") return source;
          return {
            ...source,
            tree: source.from === undefined ? { kind: "layers", layers: [] } : request.tree(source.from),
          };
        }),
        place: { destination, isDirectory: destinationIsDirectory, replaces: link },
        owner: owner === undefined ? undefined : resolveOwner(directoriesOf(request.base), owner),
        mode,
        parents,
        excludes,
        nowSeconds: Math.floor(this.#deps.nowMs() / 1000),
      };
      const failed = (error: unknown): unknown => named(error, request.vertex.instruction);
      return this.#sizeOf(
        this.#deps.helpers.start(COPY_TASK, input as unknown as Json, () => {}),
        signal,
      ).catch((error: unknown) => {
        throw failed(error);
      });
    });
  }

  async #makeDirectory(request: StepRequest & { readonly operation: MakeDirectory }): ReturnType<StepRunner["run"]> {
    const { base, operation, signal } = request;
    const { path, mode, owner } = operation;
    const directories = directoriesOf(base);
    if (path === "/" || isDirectory(directories, path)) return undefined;
    return this.#inLayer(async (pending) => {
      const made = owner === undefined ? { uid: 0, gid: 0 } : resolveOwner(directories, owner);
      const input = { target: targetOn(base, pending), path, mode, owner: made };
      return this.#sizeOf(
        this.#deps.helpers.start(MAKE_DIRECTORY_TASK, input, () => {}),
        signal,
      );
    });
  }

  /** `work` fills a new layer and tells its size. When it fails the layer goes to `keep`, or away. */
  async #inLayer(
    work: (pending: PendingLayer) => Promise<number>,
    keep?: (pending: PendingLayer) => void,
  ): ReturnType<StepRunner["run"]> {
    const pending = this.#deps.layers.begin();
    try {
      const sizeBytes = await work(pending);
      const isEmpty = withFd(open(pending.treePath, O_RDONLY | O_DIRECTORY), readDirectory).length === 0;
      if (isEmpty) {
        await pending.abort();
        return undefined;
      }
      const { number, path } = await pending.keep(sizeBytes);
      return { layer: { number, path }, sizeBytes };
    } catch (error) {
      if (keep === undefined || isBerthError(error, "cancelled")) await pending.abort();
      else keep(pending);
      throw error;
    }
  }

  async #sizeOf(run: HelperRun, signal: AbortSignal): Promise<number> {
    const stop = (): void => run.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const { sizeBytes } = (await run.result) as { readonly sizeBytes: number };
      return sizeBytes;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

/** Topmost first, each once. */
function directoriesOf(tree: FileTree): readonly string[] {
  const layers: readonly TreeLayer[] = tree.kind === "layers" ? tree.layers : [];
  return [...new Set(layers.map(({ path }) => path).toReversed())];
}

function targetOn(base: FileTree, pending: PendingLayer): TargetRoot {
  const lowerDirs = directoriesOf(base);
  if (lowerDirs.length === 0) return { kind: "directory", path: pending.treePath };
  return { kind: "overlay", lowerDirs, upperDir: pending.treePath, workDir: pending.makeWork() };
}

function isDirectory(directories: readonly string[], path: string): boolean {
  const [upperDir, ...lowerDirs] = directories;
  if (upperDir === undefined) return false;
  return new OverlayReader({ kind: "overlay", upperDir, lowerDirs, workDir: "" }).kind(path) === "directory";
}

/** docker-compat: "COPY failed: …". */
function named(error: unknown, instruction: string): unknown {
  if (!(error instanceof BerthError) || (error.kind !== "not-found" && error.kind !== "invalid-parameter"))
    return error;
  const verb = /^\S+/.exec(instruction)?.[0] ?? "COPY";
  return new BerthError("invalid-parameter", `${verb} failed: ${error.message}`, {
    cause: error,
    details: error.details,
  });
}

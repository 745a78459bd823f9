import type { AttachStream } from "#runtime/types.ts";
import type { BuildRecord } from "#state/build-store.ts";
import type { ExecOperation, Operation, Vertex, VertexId } from "../graph/types.ts";

/** A layer of a tree, read-only. */
export interface TreeLayer {
  /** Absolute path of the unpacked tree. */
  readonly path: string;
  /** Of the layer that a build step made; undefined for an image's. */
  readonly number: number | undefined;
}

/** What a vertex comes to. */
export type FileTree =
  /** Bottom first; none is the empty tree. */
  | { readonly kind: "layers"; readonly layers: readonly TreeLayer[] }
  /**
   * A folder of this machine whose owners do not count. `excludes`: lines of .dockerignore. `lasting`: it may be built from
   * again.
   */
  | { readonly kind: "folder"; readonly path: string; readonly excludes: readonly string[]; readonly lasting: boolean };

/** Operations that take a tree from somewhere. */
export type SourceOperation = Exclude<Operation, StepOperation>;
/** Operations that add a layer to a tree. */
export type StepOperation = Extract<Operation, { kind: "exec" | "copy" | "mkdir" }>;

export interface LoadedSource {
  /** Asked for when a step that needs the files is not in the cache. */
  readonly tree: () => Promise<FileTree> | FileTree;
  /** What the tree's content follows from; undefined where the content itself has to be looked at. */
  readonly key: string | undefined;
  /** For people: of an image its id. */
  readonly id: string;
  /** Digests of selections that are known without the tree, where it never changes. */
  readonly digests?: {
    find(selection: Selection): string | undefined;
    keep(selection: Selection, digest: string): void;
  };
}

/** Some files of a tree. */
export interface Selection {
  /** Absolute path, or a pattern of one; see `CopySource`. */
  readonly path: string;
  /** As .dockerignore lines, against the path under the source. */
  readonly excludes: readonly string[];
  readonly parents: boolean;
  /** Does the path have to be there? */
  readonly required: boolean;
}

/** What happens in a build, in its order for each vertex. */
export type BuildEvent =
  | { readonly type: "started"; readonly vertex: VertexId }
  /** A command begins; `id` is its container's. */
  | { readonly type: "running"; readonly vertex: VertexId; readonly id: string }
  | {
      readonly type: "output";
      readonly vertex: VertexId;
      readonly stream: "stdout" | "stderr";
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: "progress";
      readonly vertex: VertexId;
      readonly status: string;
      readonly id: string;
      readonly current: number;
      readonly total: number;
    }
  /** `id` names what it came to: of a step its cache record. `why`: the reason for using the cache or not, for `--explain`. */
  | {
      readonly type: "done";
      readonly vertex: VertexId;
      readonly cached: boolean;
      readonly id: string;
      readonly why?: string;
    }
  | { readonly type: "failed"; readonly vertex: VertexId; readonly message: string };

/** A {@link BuildEvent} of some vertex. */
export type StepEvent = BuildEvent extends infer Event
  ? Event extends BuildEvent
    ? Omit<Event, "vertex">
    : never
  : never;

/** Carries out the steps of one build; implemented in ops/. */
export interface StepRunner {
  /**
   * Carry a step out on `base`. Undefined when it changed nothing. Nothing is left when it rejects: `cancelled` when the
   * signal aborts, `invalid-parameter` with `details.exitCode` for a command that fails.
   */
  run(
    request: StepRequest,
  ): Promise<{ readonly layer: TreeLayer & { readonly number: number }; readonly sizeBytes: number } | undefined>;
  /** A place to look around in on `base`. */
  place(request: StepRequest & { readonly operation: ExecOperation }): FailedPlace;
  /** Take away what steps hand on to later ones. A step that is under way, for other builds too, goes on without. */
  end(): Promise<void>;
}

/**
 * Put what is known of the cache mount `id` into its new folder; false when nothing is. Rejects when the signal aborts.
 */
export type FillMount = (id: string, directory: string, signal: AbortSignal) => Promise<boolean>;

export interface StepRequest {
  readonly vertex: Vertex;
  readonly operation: StepOperation;
  readonly base: FileTree;
  /** By the operation's own numbers. */
  readonly tree: (id: VertexId) => FileTree;
  readonly settings: StepSettings;
  readonly fillMount: FillMount;
  readonly signal: AbortSignal;
  readonly report: (event: StepEvent) => void;
  /** Takes the place where a command failed, instead of its being taken away. */
  readonly keep?: (place: FailedPlace) => void;
}

/** Where a step failed, as it was left. Whoever has it releases it. */
export interface FailedPlace {
  /**
   * Run a shell there, as the step's command runs: its mounts, variables, user, folder and network. Resolves when the shell
   * has ended, and nothing of it is left but what it wrote to the place.
   */
  enter(request: ShellRequest): Promise<void>;
  /** Take everything away. */
  release(): Promise<void>;
}

export interface ShellRequest {
  /** Of the terminal. */
  readonly size: { readonly rows: number; readonly columns: number } | undefined;
  /** Files of an image with a static /bin/busybox, asked for where the place has no shell. */
  readonly tools: () => Promise<FileTree>;
  /** Ends the shell. */
  readonly signal: AbortSignal;
  readonly opened: (shell: OpenShell) => void;
}

/** A shell that runs on a terminal. */
export interface OpenShell {
  readonly stream: AttachStream;
  resize(rows: number, columns: number): Promise<void>;
}

/** What a build says about all of its commands. */
export interface StepSettings {
  /** `name:address`. */
  readonly hosts: readonly string[];
  readonly shmSizeBytes: number;
  readonly ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly limits: StepLimits;
  readonly cgroupParent: string;
  readonly securityOptions: readonly string[];
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** Paths of agents' sockets on this machine. */
  readonly agents: ReadonlyMap<string, string>;
  /** The network that a container has now, by its name or id. `not-found`; `invalid-parameter` when it does not run. */
  readonly networkOf: (container: string) => SharedNetwork;
}

/** A running container's network, for others in it. Paths on this machine. */
export interface SharedNetwork {
  readonly namespacePath: string;
  readonly hostname: string;
  /** Bound over /etc/…. */
  readonly files: { readonly resolvConf?: string; readonly hosts?: string; readonly hostname: string };
}

/** 0 and "" are no limit. Bytes, microseconds, cpuset(7) lists. */
export interface StepLimits {
  readonly memoryBytes: number;
  readonly memorySwapBytes: number;
  readonly cpuShares: number;
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
}

/** Gets trees from outside; implemented in sources/. */
export interface SourceLoader {
  load(
    vertex: Vertex,
    operation: SourceOperation,
    signal: AbortSignal,
    report: (event: StepEvent) => void,
  ): Promise<LoadedSource>;
}

/** Digests of files' names, types, modes, owners and content. */
export interface TreeDigests {
  /** `not-found` when a required selection names nothing. */
  digest(tree: FileTree, selections: readonly Selection[], signal: AbortSignal): Promise<string>;
}

/** What was built before; implemented in cache/. */
export interface StepCache {
  find(key: string): Promise<CachedStep | undefined>;
  alias(key: string, record: BuildRecord): void;
  store(step: NewStep): BuildRecord;
  /** The record that its first key finds here, or a new one, in one go: builds at the same time get the same. */
  storeOnce(step: NewStep): BuildRecord;
  /** What came here of an instruction before, wherever it stood: some of it, the newest first. */
  builtBefore(instruction: string): readonly BuildRecord[];
  /** A build relies on this record: it stays until the build's end. */
  use(record: BuildRecord): void;
}

export interface CachedStep {
  readonly record: BuildRecord;
  /** Undefined: it changed nothing. Fetched when it is asked for, where it is elsewhere. */
  readonly layer: (signal: AbortSignal) => Promise<TreeLayer | undefined>;
}

export interface NewStep {
  readonly kind: "regular" | "source.local";
  readonly keys: readonly string[];
  readonly outputKey: string;
  readonly layer: number | undefined;
  readonly sizeBytes: number;
  readonly description: string;
  readonly parents: readonly string[];
}

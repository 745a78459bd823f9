import { BerthError } from "#base/errors.ts";
import type { BuildRecord } from "#state/build-store.ts";
import type { BuildGraph, Operation, Vertex } from "../../graph/types.ts";
import type {
  BuildEvent,
  CachedStep,
  FailedPlace,
  FileTree,
  NewStep,
  SourceLoader,
  StepCache,
  StepRequest,
  StepRunner,
  StepSettings,
  TreeDigests,
} from "../types.ts";

const platform = { os: "linux", architecture: "amd64" } as unknown as Vertex["platform"];

export const noSettings: StepSettings = {
  hosts: [],
  shmSizeBytes: 0,
  ulimits: [],
  limits: {
    memoryBytes: 0,
    memorySwapBytes: 0,
    cpuShares: 0,
    cpuPeriod: 0,
    cpuQuota: 0,
    cpusetCpus: "",
    cpusetMems: "",
  },
  cgroupParent: "",
  securityOptions: [],
  secrets: new Map(),
  agents: new Map(),
  networkOf: () => {
    throw new BerthError("not-found", "there are no containers");
  },
};

export function vertex(operation: Operation, change: Partial<Vertex> = {}): Vertex {
  const name = operation.kind === "exec" ? `RUN ${operation.args.join(" ")}` : operation.kind;
  return {
    operation,
    platform,
    name,
    instruction: name,
    stage: "0",
    location: undefined,
    ignoreCache: false,
    ...change,
  };
}

export const image = (reference: string): Operation => ({ kind: "image", reference, digest: undefined });

export const context = (name = "context"): Operation => ({ kind: "context", name, excludes: [], paths: [] });

export function exec(base: number | undefined, ...args: readonly string[]): Extract<Operation, { kind: "exec" }> {
  return {
    kind: "exec",
    base,
    args,
    env: [],
    keylessEnv: [],
    secretEnv: [],
    cwd: "/",
    user: "",
    network: "default",
    security: "sandbox",
    devices: [],
    mounts: [],
  };
}

export function copy(base: number | undefined, from: number, path = "/"): Extract<Operation, { kind: "copy" }> {
  return {
    kind: "copy",
    base,
    sources: [{ type: "tree", from, path, unpack: false, fileMode: undefined }],
    destination: "/",
    destinationIsDirectory: true,
    owner: undefined,
    mode: undefined,
    link: false,
    parents: false,
    excludes: [],
  };
}

export function graphOf(vertices: readonly Vertex[]): BuildGraph {
  const root = vertices.length - 1;
  return {
    vertices,
    results: [{ platform, root, config: {} as never, history: [], base: undefined, stage: "0" }],
    steps: [],
  };
}

/** Rows in memory. */
class FakeCache implements StepCache {
  readonly steps = new Map<string, CachedStep>();
  readonly used: string[] = [];

  async find(key: string): Promise<CachedStep | undefined> {
    return this.steps.get(key);
  }

  alias(key: string, record: BuildRecord): void {
    const step = [...this.steps.values()].find((known) => known.record.id === record.id);
    if (step !== undefined) this.steps.set(key, step);
  }

  store({ keys, ...step }: NewStep): BuildRecord {
    const record: BuildRecord = {
      ...step,
      id: `record-${this.steps.size}`,
      createdAt: "2026-01-01T00:00:00Z",
      lastUsedMs: 0,
      uses: 0,
    };
    const layer = step.layer === undefined ? undefined : { path: `/layers/${step.layer}`, number: step.layer };
    for (const key of keys) this.steps.set(key, { record, layer: async () => layer });
    return record;
  }

  storeOnce(step: NewStep): BuildRecord {
    return this.steps.get(step.keys[0] ?? "")?.record ?? this.store(step);
  }

  builtBefore(instruction: string): readonly BuildRecord[] {
    const records = new Set([...this.steps.values()].map(({ record }) => record));
    return [...records].filter(({ description }) => description === instruction);
  }

  use({ id }: BuildRecord): void {
    this.used.push(id);
  }
}

/** Steps that only note that they ran. */
export class FakeWorld implements StepRunner, SourceLoader, TreeDigests {
  readonly cache = new FakeCache();
  readonly ran: string[] = [];
  readonly stopped: string[] = [];
  readonly events: BuildEvent[] = [];
  /** Those that were kept and not released. */
  readonly places: string[] = [];
  /** How many builds have taken away what their steps hand on. */
  ended = 0;
  /** Called while a step runs. */
  during: (request: StepRequest) => Promise<void> = async () => {};
  /** What the files of a tree are said to be: by the path of its topmost layer or folder. */
  content: (tree: FileTree) => string = topOf;
  #layers = 0;

  async run(request: StepRequest): ReturnType<StepRunner["run"]> {
    this.ran.push(request.vertex.name);
    try {
      await this.during(request);
    } catch (error) {
      this.stopped.push(request.vertex.name);
      if (request.operation.kind === "exec") request.keep?.(this.#place(`in ${request.vertex.name}`));
      throw error;
    }
    const number = ++this.#layers;
    return { layer: { path: `/layers/${number}`, number }, sizeBytes: 1 };
  }

  place({ vertex }: StepRequest): FailedPlace {
    return this.#place(`before ${vertex.name}`);
  }

  async end(): Promise<void> {
    this.ended++;
  }

  #place(name: string): FailedPlace {
    this.places.push(name);
    return {
      enter: async () => {},
      release: async () => void this.places.splice(this.places.indexOf(name), 1),
    };
  }

  async load(_vertex: Vertex, operation: Operation): ReturnType<SourceLoader["load"]> {
    if (operation.kind === "image") {
      const path = `/images/${operation.reference}`;
      return {
        tree: () => ({ kind: "layers", layers: [{ path, number: undefined }] }),
        key: operation.reference,
        id: path,
      };
    }
    return { tree: () => ({ kind: "folder", path: "/folder", excludes: [], lasting: true }), key: undefined, id: "" };
  }

  async digest(tree: FileTree): Promise<string> {
    return this.content(tree);
  }
}

function topOf(tree: FileTree): string {
  return tree.kind === "folder" ? tree.path : (tree.layers.at(-1)?.path ?? "");
}

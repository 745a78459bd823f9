import { sha256Digest } from "#base/sha256.ts";
import type { BuildProgress, ProgressLine } from "./progress.ts";

/** BuildKit's moby.buildkit.v1 StatusResponse as `docker buildx build --progress=rawjson` prints it, one object a line. */
interface SolveStatus {
  readonly vertexes?: readonly RawVertex[];
  readonly statuses?: readonly {
    readonly id: string;
    readonly vertex: string;
    readonly current: number;
    readonly total: number;
    readonly timestamp: string;
  }[];
  /** `data` in base64; stream 1 is the standard output, 2 the standard error. */
  readonly logs?: readonly {
    readonly vertex: string;
    readonly stream: 1 | 2;
    readonly data: string;
    readonly timestamp: string;
  }[];
  /** `short` in base64. */
  readonly warnings?: readonly { readonly level: 1; readonly short: string; readonly url: string }[];
}

interface RawVertex {
  readonly digest: string;
  readonly name: string;
  readonly started?: string;
  readonly completed?: string;
  readonly cached?: boolean;
  readonly error?: string;
}

/** A build for programs: `--progress=rawjson`. */
export class RawProgress implements BuildProgress {
  readonly #print: (text: string) => void;
  readonly #nowMs: () => number;
  #vertices: readonly RawVertex[] = [];
  readonly #started = new Map<number, string>();

  constructor(print: (text: string) => void, nowMs: () => number) {
    this.#print = print;
    this.#nowMs = nowMs;
  }

  show(line: ProgressLine): void {
    const status = this.#statusOf(line);
    if (status !== undefined) this.#print(`${JSON.stringify(status)}\n`);
  }

  close(): void {}

  #statusOf(line: ProgressLine): SolveStatus | undefined {
    switch (line.type) {
      case "graph":
        this.#vertices = line.vertices.map(({ name }, index) => ({ digest: sha256Digest(`${index} ${name}`), name }));
        return {
          vertexes: this.#vertices,
          ...(line.warnings.length === 0
            ? {}
            : { warnings: line.warnings.map(({ detail, url }) => warning(detail, url)) }),
        };
      case "started":
        this.#started.set(line.vertex, timeOf(line.at));
        return { vertexes: [this.#vertex(line.vertex)] };
      case "done":
        return { vertexes: [{ ...this.#ended(line.vertex, line.at), ...(line.cached ? { cached: true } : {}) }] };
      case "failed":
        return { vertexes: [{ ...this.#ended(line.vertex, line.at), error: line.message }] };
      case "output": {
        const stream = line.stream === "stdout" ? 1 : 2;
        const { digest: vertex } = this.#vertex(line.vertex);
        return { logs: [{ vertex, stream, data: base64(line.text), timestamp: timeOf(line.at) }] };
      }
      case "progress": {
        const { status: id, current, total } = line;
        const { digest: vertex } = this.#vertex(line.vertex);
        return { statuses: [{ id, vertex, current, total, timestamp: timeOf(this.#nowMs()) }] };
      }
      case "exporting": {
        const at = timeOf(this.#nowMs());
        return { vertexes: [{ digest: sha256Digest(line.text), name: line.text, started: at, completed: at }] };
      }
      default:
        return undefined;
    }
  }

  #vertex(index: number): RawVertex {
    const started = this.#started.get(index);
    const vertex = this.#vertices[index] ?? { digest: sha256Digest(String(index)), name: "" };
    return started === undefined ? vertex : { ...vertex, started };
  }

  /** What came from the cache has never begun: it did so when it ended. */
  #ended(index: number, at: number): RawVertex {
    return { started: timeOf(at), ...this.#vertex(index), completed: timeOf(at) };
  }
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const timeOf = (ms: number): string => new Date(ms).toISOString();
const warning = (detail: string, url: string) => ({ level: 1, short: base64(detail), url }) as const;

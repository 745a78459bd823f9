import type { CliIo } from "../cli-io.ts";
import { seconds, type BuildProgress, type ProgressLine, type ProgressOptions } from "./progress.ts";

const LOG_LINES = 6;
const REFRESH_MS = 100;
const LAST_LINES = 20;

interface Step {
  readonly name: string;
  startedAt: number;
  endedAt: number;
  state: "running" | "done" | "cached" | "failed";
  detail: string;
  why: string;
  lines: string[];
  rest: string;
}

/**
 * A picture that is drawn anew as things happen: finished steps above, running ones with their time and last lines.
 *
 *     [+] Building 3.4s (5/8)
 *      => [2/4] RUN make                                   2.1s
 *      => => cc -c main.c
 */
export class TerminalProgress implements BuildProgress {
  readonly #io: CliIo;
  readonly #options: ProgressOptions;
  readonly #beganAt: number;
  readonly #steps = new Map<number, Step>();
  #names: readonly string[] = [];
  #drawn = 0;
  #drawnAt = 0;
  #footer: string[] = [];
  #isClosed = false;

  constructor(io: CliIo, options: ProgressOptions) {
    this.#io = io;
    this.#options = options;
    this.#beganAt = io.now();
  }

  show(line: ProgressLine): void {
    this.#take(line);
    const now = this.#io.now();
    if (now - this.#drawnAt >= REFRESH_MS || (line.type !== "output" && line.type !== "progress")) this.#draw(now);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#draw(this.#io.now());
    for (const { state, name, lines } of this.#steps.values()) {
      if (state !== "failed") continue;
      this.#io.stderr.write(["------", ` > ${name}:`, ...lines.slice(-LAST_LINES), "------", ""].join("\n"));
      return;
    }
  }

  #take(line: ProgressLine): void {
    switch (line.type) {
      case "graph":
        this.#names = line.vertices.map(({ name }) => name);
        this.#footer = line.warnings.map(({ rule, detail }) => `WARN: ${rule}: ${detail}`);
        return;
      case "started":
        this.#step(line.vertex).startedAt = line.at;
        return;
      case "output": {
        const step = this.#step(line.vertex);
        const lines = (step.rest + line.text).split("\n");
        step.rest = lines.pop() ?? "";
        step.lines.push(...lines.map((text) => text.slice(text.lastIndexOf("\r") + 1)));
        step.lines.splice(0, Math.max(0, step.lines.length - LAST_LINES));
        return;
      }
      case "progress":
        this.#step(line.vertex).detail = line.total === 0 ? "" : `${Math.floor((100 * line.current) / line.total)}%`;
        return;
      case "done": {
        const step = this.#step(line.vertex);
        step.state = line.cached ? "cached" : "done";
        step.endedAt = line.at;
        step.why = line.why ?? "";
        return;
      }
      case "failed": {
        const step = this.#step(line.vertex);
        step.state = "failed";
        step.endedAt = line.at;
        return;
      }
      case "image":
      case "tagged":
        this.#footer.push(line.type === "image" ? ` => image ${line.id}` : ` => naming to ${line.name}`);
        return;
      case "exporting":
        this.#footer.push(` => ${line.text}`);
        return;
      case "pulling":
      case "answer":
      case "exported":
      case "error":
    }
  }

  #step(vertex: number): Step {
    const known = this.#steps.get(vertex);
    if (known !== undefined) return known;
    const now = this.#io.now();
    const step: Step = {
      name: this.#names[vertex] ?? "",
      startedAt: now,
      endedAt: now,
      state: "running",
      detail: "",
      why: "",
      lines: [],
      rest: "",
    };
    this.#steps.set(vertex, step);
    return step;
  }

  #draw(now: number): void {
    const window = this.#io.stderr.windowSize();
    const [columns, rows] = [window?.columns || 80, window?.rows || 24];
    const steps = [...this.#steps.values()];
    const finished = steps.filter(({ state }) => state !== "running").length;
    const head = `[+] Building ${seconds(now - this.#beganAt)} (${finished}/${Math.max(this.#names.length, steps.length)})`;
    const body = steps.flatMap((step) => this.#lines(step, now, columns));
    // What does not fit the window cannot be drawn over again.
    const lines = [head, ...body, ...this.#footer].slice(this.#isClosed ? 0 : -Math.max(2, rows - 1));
    const up = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A`;
    this.#io.stderr.write(`${up}\r\u001b[J${lines.map((line) => line.slice(0, columns)).join("\n")}\n`);
    this.#drawn = lines.length;
    this.#drawnAt = now;
  }

  #lines(step: Step, now: number, columns: number): readonly string[] {
    const time = seconds((step.state === "running" ? now : step.endedAt) - step.startedAt);
    const mark = step.state === "cached" ? "CACHED " : step.state === "failed" ? "ERROR " : "";
    const name = ` => ${mark}${step.name}${step.detail === "" ? "" : ` ${step.detail}`}`;
    const width = Math.max(10, columns - time.length - 1);
    const first = `${name.slice(0, width - 1).padEnd(width)}${time}`;
    const why = this.#options.explain && step.why !== "" ? [` => => not cached: ${step.why}`] : [];
    if (step.state !== "running") return [first, ...why];
    return [first, ...step.lines.slice(-LOG_LINES).map((line) => ` => => ${line}`)];
  }
}

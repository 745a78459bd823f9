import type { CliOutput } from "../cli-io.ts";
import { seconds, type BuildProgress, type ProgressLine, type ProgressOptions } from "./progress.ts";

/** Of a failed step, at the end. */
const LAST_LINES = 20;

interface Shown {
  readonly number: number;
  readonly name: string;
  startedAt: number;
  /** The beginning of a line whose end has not come. */
  rest: string;
  lines: string[];
}

/**
 * One line after the other, for files and CI:
 *
 *     #3 [2/4] RUN make
 *     #3 0.412 cc -c main.c
 *     #3 DONE 1.2s
 */
export class PlainProgress implements BuildProgress {
  readonly #output: CliOutput;
  readonly #options: ProgressOptions;
  readonly #steps = new Map<number, Shown>();
  #names: readonly string[] = [];
  #failed: Shown | undefined;

  constructor(output: CliOutput, options: ProgressOptions) {
    this.#output = output;
    this.#options = options;
  }

  show(line: ProgressLine): void {
    switch (line.type) {
      case "graph":
        this.#names = line.vertices.map(({ name }) => name);
        for (const { rule, detail, line: number } of line.warnings)
          this.#say(`WARN: ${rule}: ${detail}${number === 0 ? "" : ` (line ${number})`}`);
        return;
      case "pulling":
        if (/^(Pulling from|Status:)/.test(line.status))
          this.#say(`${line.id === "" ? "" : `${line.id}: `}${line.status}`);
        return;
      case "started":
        this.#step(line.vertex).startedAt = line.at;
        return;
      case "output":
        this.#print(this.#step(line.vertex), line.text, line.at);
        return;
      case "done": {
        const step = this.#step(line.vertex);
        const why = this.#options.explain && line.why !== undefined ? `CACHED: ${line.why}` : "";
        if (why !== "" && !line.cached) this.#say(`#${step.number} NOT ${why}`);
        this.#flush(step, line.at);
        const end = line.cached ? why || "CACHED" : `DONE ${seconds(line.at - step.startedAt)}`;
        this.#say(`#${step.number} ${end}\n`);
        return;
      }
      case "failed": {
        const step = this.#step(line.vertex);
        this.#flush(step, line.at);
        this.#failed ??= step;
        this.#say(`#${step.number} ERROR: ${line.message}`);
        return;
      }
      case "error":
        if (this.#failed !== undefined) this.#summary(this.#failed);
        return;
      case "image":
        this.#say(`image ${line.id}`);
        return;
      case "tagged":
        this.#say(`naming to ${line.name}`);
        return;
      case "exporting":
        this.#say(line.text);
        return;
      case "answer":
      case "exported":
      case "progress":
    }
  }

  close(): void {}

  #summary({ name, lines }: Shown): void {
    this.#say(["------", ` > ${name}:`, ...lines, "------"].join("\n"));
  }

  #step(vertex: number): Shown {
    const known = this.#steps.get(vertex);
    if (known !== undefined) return known;
    const step: Shown = {
      number: this.#steps.size + 1,
      name: this.#names[vertex] ?? "",
      startedAt: 0,
      rest: "",
      lines: [],
    };
    this.#steps.set(vertex, step);
    this.#say(`#${step.number} ${step.name}`);
    return step;
  }

  #print(step: Shown, text: string, at: number): void {
    const lines = (step.rest + text).split("\n");
    step.rest = lines.pop() ?? "";
    for (const line of lines) this.#line(step, line, at);
  }

  #flush(step: Shown, at: number): void {
    if (step.rest === "") return;
    this.#line(step, step.rest, at);
    step.rest = "";
  }

  #line(step: Shown, line: string, at: number): void {
    const text = `${((at - step.startedAt) / 1000).toFixed(3)} ${line.slice(line.lastIndexOf("\r") + 1)}`;
    step.lines.push(text);
    if (step.lines.length > LAST_LINES) step.lines.shift();
    this.#say(`#${step.number} ${text}`);
  }

  #say(line: string): void {
    this.#output.write(`${line}\n`);
  }
}

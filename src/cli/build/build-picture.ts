import { decimalSize } from "#base/units.ts";
import { seconds, type ProgressLine, type ProgressOptions } from "./progress.ts";
import { cellsOf, cutTo, plainLine } from "./terminal-text.ts";

/** Of a running step. */
const LOG_LINES = 6;
/** Of a failed one, at the end. */
const LAST_LINES = 20;
/** Digits of sizes, as BuildKit's client shows them. */
const DIGITS = 4;

type StepState = "running" | "done" | "cached" | "failed" | "canceled";
/** What a line tells, for its colour. */
export type Tone = "head" | "plain" | "done" | "failed" | "canceled" | "warning";

export interface PictureLine {
  /** Plain, as wide as the window at most. */
  readonly text: string;
  readonly tone: Tone;
}

interface Step {
  readonly name: string;
  startedAt: number;
  endedAt: number;
  state: StepState;
  detail: string;
  why: string;
  lines: string[];
  rest: string;
}

/**
 * A build as a picture of lines: steps and images on their way in the order of their beginning with what each took, what
 * runs with its last lines, then what is done with the result.
 *
 *     [+] Building 3.4s (5/8)
 *      => CACHED [1/4] FROM busybox                        0.0s
 *      => [2/4] RUN make                                   2.1s
 *      => => cc -c main.c
 */
export class BuildPicture {
  readonly #options: ProgressOptions;
  readonly #beganAt: number;
  readonly #now: () => number;
  readonly #steps = new Map<number, Step>();
  /** Images on their way, by what they are called in the messages. */
  readonly #carried = new Map<string, Step>();
  /** Of those: what there is to say of each layer. */
  readonly #layers = new Map<string, string>();
  readonly #footer: PictureLine[] = [];
  #names: readonly string[] = [];
  #endedAt: number | undefined;

  constructor(now: () => number, options: ProgressOptions) {
    this.#now = now;
    this.#options = options;
    this.#beganAt = now();
  }

  take(line: ProgressLine): void {
    switch (line.type) {
      case "graph":
        this.#names = line.vertices.map(({ name }) => name);
        for (const { rule, detail, line: number } of line.warnings) {
          const place = number === 0 ? "" : ` (line ${number})`;
          this.#footer.push({ text: `WARN: ${rule}: ${detail}${place}`, tone: "warning" });
        }
        return;
      case "started":
        this.#step(line.vertex).startedAt = line.at;
        return;
      case "output":
        print(this.#step(line.vertex), line.text);
        return;
      case "progress":
        this.#step(line.vertex).detail = amountOf(line.current, line.total);
        return;
      case "done":
        this.#end(this.#step(line.vertex), line.cached ? "cached" : "done", line.at).why = line.why ?? "";
        return;
      case "failed":
        this.#end(this.#step(line.vertex), "failed", line.at);
        return;
      case "pulling":
        this.#carry(line);
        return;
      case "image":
        this.#footer.push({ text: ` => image ${line.id}`, tone: "done" });
        return;
      case "tagged":
        this.#footer.push({ text: ` => naming to ${line.name}`, tone: "done" });
        return;
      case "exporting":
        this.#footer.push({ text: ` => ${line.text}`, tone: line.text.startsWith("WARNING: ") ? "warning" : "done" });
        return;
      case "answer":
      case "exported":
      case "error":
    }
  }

  /** Nothing comes any more: what still runs was stopped. */
  end(): void {
    this.#endedAt ??= this.#now();
    for (const step of this.#steps.values()) if (step.state === "running") this.#end(step, "canceled", this.#endedAt);
  }

  /**
   * The picture for a window, of at most `rows` lines: where there is no room finished steps give way first, the oldest
   * before the others, then lines of output. Without `rows` all of it.
   */
  lines({ columns, rows }: { readonly columns: number; readonly rows: number | undefined }): readonly PictureLine[] {
    const now = this.#endedAt ?? this.#now();
    const steps = [...this.#steps.values()];
    const isLive = this.#endedAt === undefined;
    const finished = steps.filter(({ state }) => state !== "running").length;
    const all = isLive ? Math.max(this.#names.length + this.#carried.size, steps.length) : steps.length;
    const ended = isLive ? "" : " FINISHED";
    const head = `[+] Building ${seconds(now - this.#beganAt)} (${finished}/${all})${ended}`;
    const room = rows === undefined ? Infinity : Math.max(1, rows - 1);
    const below = this.#footer.slice(-Math.max(1, room - 1));
    const shown = this.#shown(steps, room - below.length);
    const body = shown.flatMap(({ step, logLines }) => this.#stepLines(step, { now, columns, logLines }));
    const picture: readonly PictureLine[] = [{ text: head, tone: "head" }, ...body.slice(0, room), ...below];
    return picture.map(({ text, tone }) => ({ text: cutTo(text, columns), tone }));
  }

  /** The end of a failed command's output, for below the picture. */
  failure(): string | undefined {
    const step = [...this.#steps.values()].find(({ state }) => state === "failed");
    return step && ["------", ` > ${step.name}:`, ...step.lines.slice(-LAST_LINES), "------", ""].join("\n");
  }

  #shown(steps: readonly Step[], room: number): readonly { readonly step: Step; readonly logLines: number }[] {
    let logLines = LOG_LINES;
    let kept = steps;
    const height = (): number =>
      kept.reduce((sum, step) => sum + this.#stepLines(step, { now: 0, columns: 0, logLines }).length, 0);
    while (height() > room) {
      const oldest = kept.findIndex(({ state }) => state === "done" || state === "cached");
      if (oldest >= 0) kept = kept.toSpliced(oldest, 1);
      else if (logLines > 0) logLines--;
      else kept = kept.slice(1);
    }
    return kept.map((step) => ({ step, logLines }));
  }

  #stepLines(
    step: Step,
    { now, columns, logLines }: { readonly now: number; readonly columns: number; readonly logLines: number },
  ): readonly PictureLine[] {
    const time = seconds((step.state === "running" ? now : step.endedAt) - step.startedAt);
    const name = ` => ${MARKS[step.state]}${step.name}${step.detail === "" ? "" : ` ${step.detail}`}`;
    const width = Math.max(10, columns - time.length - 1);
    const cut = cutTo(name, width - 1);
    const first = { text: `${cut}${" ".repeat(width - cellsOf(cut))} ${time}`, tone: TONES[step.state] };
    const why: readonly PictureLine[] =
      this.#options.explain && step.why !== ""
        ? [{ text: ` => => ${step.state === "cached" ? "" : "not "}cached: ${step.why}`, tone: "plain" }]
        : [];
    if (step.state !== "running") return [first, ...why];
    const log = logLines === 0 ? [] : [...step.lines, ...(step.rest === "" ? [] : [plainLine(step.rest)])];
    return [first, ...log.slice(-logLines).map((line): PictureLine => ({ text: ` => => ${line}`, tone: "plain" }))];
  }

  /** Pulls and pushes: an image is a step with its layers that are on their way as output. */
  #carry({ id, status, current = 0, total = 0 }: Extract<ProgressLine, { type: "pulling" }>): void {
    const begun = /^(?:Pulling from|The push refers to repository) \[?(.*?)\]?$/.exec(status);
    if (begun !== null) {
      const name = begun[1] ?? "";
      const verb = status.startsWith("Pulling") ? "pulling" : "pushing";
      this.#carried.set(name, this.#begin(-1 - this.#carried.size, `${verb} ${name}${id === "" ? "" : `:${id}`}`));
      return;
    }
    const running = [...this.#carried].filter(([, step]) => step.state === "running");
    if (/^Status: |digest: sha/.test(status)) {
      const [, over] = running.find(([name]) => status.includes(name)) ?? running[0] ?? [];
      if (over !== undefined) this.#end(over, "done", this.#now());
      return;
    }
    if (id === "") return;
    if (/^(Pull complete|Already exists|Pushed|Layer already exists|Mounted from)/.test(status))
      this.#layers.delete(id);
    else this.#layers.set(id, [id, status, amountOf(current, total)].filter((part) => part !== "").join(" "));
    // Messages do not say which image a layer is of.
    const [, last] = running.at(-1) ?? [];
    if (last !== undefined) last.lines = [...this.#layers.values()];
  }

  #end(step: Step, state: StepState, at: number): Step {
    step.state = state;
    step.endedAt = at;
    if (step.rest !== "") print(step, "\n");
    return step;
  }

  #step(vertex: number): Step {
    return this.#steps.get(vertex) ?? this.#begin(vertex, this.#names[vertex] ?? "");
  }

  #begin(vertex: number, name: string): Step {
    const now = this.#now();
    const step: Step = {
      name,
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
}

const MARKS: Readonly<Record<StepState, string>> = {
  running: "",
  done: "",
  cached: "CACHED ",
  failed: "ERROR ",
  canceled: "CANCELED ",
};
const TONES: Readonly<Record<StepState, Tone>> = {
  running: "plain",
  done: "done",
  cached: "done",
  failed: "failed",
  canceled: "canceled",
};

/** `1.2MB / 3.4MB`; the first alone where nobody knows the second. */
function amountOf(current: number, total: number): string {
  if (current <= 0 && total <= 0) return "";
  const done = decimalSize(current, DIGITS);
  return total <= 0 ? done : `${done} / ${decimalSize(total, DIGITS)}`;
}

function print(step: Step, text: string): void {
  const lines = (step.rest + text).split("\n");
  // Of a line that is drawn over and over only the last drawing counts.
  step.rest = (lines.pop() ?? "").replace(/^[^]*\r(?!$)/, "");
  step.lines.push(...lines.map(plainLine));
  step.lines.splice(0, Math.max(0, step.lines.length - LAST_LINES));
}

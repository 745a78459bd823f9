import { isBerthError, messageOf } from "#base/errors.ts";
import { errorLocation } from "#build/dockerfile/dockerfile-error.ts";
import type { BuildHistoryEntry, BuildHistoryError, BuildHistoryStep, BuildStatus } from "#spec/berth/build-history.ts";
import { buildFailure, buildLines } from "./build-lines.ts";
import type { EngineBuildRequest } from "./build-request.ts";
import type { EngineBuildEvent } from "./build-event.ts";

/** docker-compat: what BuildKit keeps of a log. */
const MAX_LOG_BYTES = 2 << 20;
const CLIPPED = { type: "exporting", text: "[output clipped, log limit 2MiB reached]" };
const PROXY = /^(https?|ftp|no|all)_proxy$/i;

interface Step {
  readonly name: string;
  state: BuildHistoryStep["state"];
  startedMs: number;
  durationMs: number;
}

/** Follows one build and tells what is to be remembered of it. */
export class BuildRecorder {
  readonly #id: string;
  readonly #request: EngineBuildRequest;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #completedMs: number | undefined;
  #source: { readonly name: string; readonly text: string } | undefined;
  #steps: Step[] = [];
  #platforms: readonly string[] = [];
  readonly #images = new Set<string>();
  #status: BuildStatus = "running";
  #error: BuildHistoryError | undefined;
  readonly #log: string[] = [];
  #logBytes = 0;

  constructor(id: string, request: EngineBuildRequest, nowMs: () => number) {
    this.#id = id;
    this.#request = request;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  see(event: EngineBuildEvent): void {
    if (event.type === "dockerfile") this.#source = event;
    if (event.type === "dockerfile" || event.type === "answer" || event.type === "kept") return;
    for (const line of buildLines(event)) this.#write(line);
    switch (event.type) {
      case "graph":
        this.#steps = event.graph.vertices.map(({ name }) => ({ name, state: "unused", startedMs: 0, durationMs: 0 }));
        return;
      case "image":
        this.#images.add(event.id);
        return;
      case "started":
      case "done":
      case "failed":
        this.#step(event);
        return;
      default:
    }
  }

  /** `platforms`: what it was for. */
  plan(platforms: readonly string[]): void {
    this.#platforms = platforms;
  }

  /** It is over, well unless there is an error. */
  end(outcome: { readonly error?: unknown }): void {
    this.#completedMs = this.#nowMs();
    if (!("error" in outcome)) this.#status = "completed";
    else {
      this.#status = isBerthError(outcome.error, "cancelled") ? "canceled" : "error";
      this.#error = errorOf(outcome.error, this.#source);
      this.#write(buildFailure(outcome.error, this.#source));
    }
    for (const step of this.#steps) if (step.state === "running") step.state = "canceled";
  }

  get entry(): BuildHistoryEntry {
    const { context, dockerfile, target, tags, buildArgs, labels } = this.#request;
    const endMs = this.#completedMs ?? this.#nowMs();
    return {
      ...{ id: this.#id, status: this.#status, target, tags, platforms: this.#platforms },
      name: nameOf(this.#request),
      createdAt: new Date(this.#startedMs).toISOString(),
      completedAt: this.#completedMs === undefined ? null : new Date(this.#completedMs).toISOString(),
      durationMs: endMs - this.#startedMs,
      context: context.kind === "folder" ? context.path : context.kind === "remote" ? context.url : "",
      dockerfile: dockerfile === "" ? "Dockerfile" : dockerfile,
      buildArgs: Object.fromEntries(
        [...buildArgs].flatMap(([name, value]) => (PROXY.test(name) ? [] : [[name, value ?? ""]])),
      ),
      labels: Object.fromEntries(labels),
      steps: this.#steps.map(({ name, state, startedMs, durationMs }) => ({
        ...{ name, state },
        durationMs: state === "running" ? endMs - startedMs : durationMs,
      })),
      images: [...this.#images],
      error: this.#error ?? null,
    };
  }

  /** A `BuildLine` a line. */
  get log(): string {
    return this.#log.join("");
  }

  #step(event: Extract<EngineBuildEvent, { type: "started" | "done" | "failed" }>): void {
    const step = this.#steps[event.vertex];
    if (step === undefined) return;
    if (event.type === "started") {
      step.state = "running";
      step.startedMs = this.#nowMs();
      return;
    }
    step.durationMs = step.state === "running" ? this.#nowMs() - step.startedMs : 0;
    step.state = event.type === "failed" ? "failed" : event.cached ? "cached" : "ran";
  }

  #write(line: object): void {
    if (this.#logBytes > MAX_LOG_BYTES) return;
    const text = `${JSON.stringify(line)}\n`;
    this.#logBytes += text.length;
    this.#log.push(this.#logBytes > MAX_LOG_BYTES ? `${JSON.stringify(CLIPPED)}\n` : text);
  }
}

/** docker-compat: the context's last name, and the target. */
function nameOf({ context, target, tags }: EngineBuildRequest): string {
  const path = context.kind === "folder" ? context.path : context.kind === "remote" ? context.url : "";
  const last =
    path
      .replace(/#.*$/, "")
      .replace(/\/+$/, "")
      .split("/")
      .at(-1)
      ?.replace(/\.git$/, "") ?? "";
  const name = last === "" ? (tags[0] ?? "-") : last;
  return target === "" ? name : `${name} (${target})`;
}

function errorOf(
  error: unknown,
  source: { readonly name: string; readonly text: string } | undefined,
): BuildHistoryError {
  const { message, hint = "", exitCode = null, excerpt = "" } = buildFailure(error, source);
  const place = isBerthError(error) ? errorLocation(error) : undefined;
  return {
    message: message === "" ? messageOf(error) : message,
    hint,
    exitCode,
    excerpt,
    file: place === undefined ? "" : (source?.name ?? ""),
    line: place?.startLine ?? 0,
  };
}

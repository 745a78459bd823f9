import { isBerthError, messageOf } from "#base/errors.ts";
import type { EngineBuildEvent } from "#engine/build/build-event.ts";
import type { LintWarning } from "#build/dockerfile/types.ts";
import type { BuildGraph, VertexId } from "#build/graph/types.ts";
import { proxyVariables } from "#build/graph/proxy-args.ts";
import { containerStartPrefix } from "#engine/container/life/start-failure.ts";
import { shortId } from "#base/ids.ts";
import { jsonMessageError, type JsonMessage } from "#spec/docker/json-message.ts";
import { createHash } from "node:crypto";

interface ClassicStep {
  readonly text: string;
  readonly vertex: VertexId | undefined;
  /** It belongs to no stage, and nothing is told of what it came to. */
  readonly isGlobal: boolean;
}

interface StepState {
  cached: boolean;
  isDone: boolean;
  id: string;
  container: string;
  /** What was said and not yet printed. */
  lines: string[];
}

export interface ClassicStreamOptions {
  /** The image's id alone; everything when it fails. */
  readonly quiet: boolean;
  /** Tell that the containers of steps are gone. */
  readonly removeSteps: boolean;
  /** Also that of a step that failed. */
  readonly removeFailed: boolean;
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
}

/**
 * A build as the classic builder tells it (`POST /build`, version 1): one step after the other in the Dockerfile's order,
 * though they run together.
 *
 *   Step 1/3 : FROM busybox
 *    ---> 3f8a00f137a0
 *   Step 2/3 : RUN make
 *    ---> Running in 0123456789ab
 *   …
 *    ---> Removed intermediate container 0123456789ab
 *    ---> 89abcdef0123
 *   Successfully built 89abcdef0123
 *
 * docker-compat: there are no images of steps here; a step's id names its record in the cache. A setting has neither a
 * container nor a record. No container stays either, whatever is asked for; what is told of it is as asked for.
 */
export class ClassicBuildStream {
  readonly #print: (message: JsonMessage) => void;
  readonly #options: ClassicStreamOptions;
  /** What a quiet build says when it fails. */
  readonly #kept: JsonMessage[] = [];
  #graph: BuildGraph | undefined;
  /** Of the Dockerfile, until there is a graph. */
  #instructions: readonly { readonly line: number; readonly text: string }[] = [];
  #declared: readonly string[] = [];
  #hasSpoken = false;
  readonly #states = new Map<number, StepState>();
  #current = 0;
  #isHeaded = false;
  #lastId = "";

  constructor(print: (message: JsonMessage) => void, options: ClassicStreamOptions) {
    this.#print = (message) => {
      this.#hasSpoken = true;
      print(message);
    };
    this.#options = options;
  }

  /**
   * Tell why the build ended. False where nothing has been told yet: then the request is answered with the error. As in
   * Docker an image that cannot be had is a step's failure.
   */
  fail(error: unknown): boolean {
    const line = isBerthError(error) ? error.details["startLine"] : undefined;
    const at = this.#instructions.findIndex((instruction) => instruction.line === line);
    const text = this.#instructions[at]?.text ?? "";
    const isMissing = isBerthError(error) && error.kind !== "invalid-parameter" && error.details["phase"] === "convert";
    if (isMissing && !this.#hasSpoken && this.#kept.length === 0)
      this.#say(`Step ${at + 1}/${this.#instructions.length} : ${text}\n`);
    const { container, isDone } = this.#state(this.#steps()[this.#current]?.vertex ?? -1);
    if (this.#options.removeFailed && container !== "" && !isDone) this.#sayRemoved(container);
    for (const message of this.#kept.splice(0)) this.#print(message);
    if (!this.#hasSpoken) return false;
    this.#print(failure(error, text));
    return true;
  }

  handle(event: EngineBuildEvent): void {
    switch (event.type) {
      case "parsed":
        this.#instructions = event.instructions;
        this.#declared = event.declared;
        return;
      case "graph":
        this.#graph = event.graph;
        this.#warn(event.warnings);
        this.#advance(false);
        return;
      case "dockerfile":
      case "answer":
      case "exported":
      case "kept":
        return;
      case "exporting":
        if (event.text.startsWith("WARNING: ")) this.#say(`[Warning] ${event.text.slice("WARNING: ".length)}\n`);
        return;
      case "pulling":
        this.#tellFirst();
        this.#tell(event.line);
        return;
      case "image":
        this.#finish(event.id);
        return;
      case "tagged":
        this.#say(`Successfully tagged ${event.name}\n`);
        return;
      default: {
        const state = this.#state(event.vertex);
        if (event.type === "running") {
          state.container = event.id;
          state.lines.push(` ---> Running in ${shortId(event.id)}\n`);
        } else if (event.type === "output") {
          const text = new TextDecoder().decode(event.bytes);
          // docker-compat: the standard error is red.
          state.lines.push(event.stream === "stderr" ? `\u001b[91m${text}\u001b[0m` : text);
        } else if (event.type === "done") {
          state.cached = event.cached;
          state.id = event.id;
          state.isDone = true;
        }
        this.#advance(false);
      }
    }
  }

  /** Print what can be printed; with `over` also steps that nobody had to look at. */
  #advance(over: boolean): void {
    const steps = this.#steps();
    for (let step = steps[this.#current]; step !== undefined; step = steps[this.#current]) {
      if (!this.#isHeaded) {
        this.#head(step.text, steps.length);
      }
      const isLast = this.#current === steps.length - 1;
      if (step.isGlobal) {
        this.#next();
        continue;
      }
      if (step.vertex === undefined) {
        if (isLast && !over) return;
        this.#lastId = /^from\s+scratch\b/i.test(step.text) ? "" : idOfSetting(this.#lastId, step.text);
      } else {
        const state = this.#state(step.vertex);
        for (const line of state.lines.splice(0)) this.#say(line);
        if (!state.isDone && !over) return;
        if (isLast && !over) return;
        if (state.cached || !state.isDone) this.#say(" ---> Using cache\n");
        if (state.container !== "" && this.#options.removeSteps) this.#sayRemoved(state.container);
        this.#lastId = state.id;
      }
      if (!isLast) this.#say(` ---> ${shortId(this.#lastId)}\n`);
      this.#next();
    }
  }

  #next(): void {
    this.#current++;
    this.#isHeaded = false;
  }

  /** Those of the graph, behind the ARGs before the first FROM. */
  #steps(): readonly ClassicStep[] {
    if (this.#graph === undefined) return [];
    const first = this.#instructions.findIndex(({ text }) => /^from\s/i.test(text));
    return [
      ...this.#instructions.slice(0, first).map(({ text }) => ({ text, vertex: undefined, isGlobal: true })),
      ...this.#graph.steps.map(({ text, vertex }) => ({ text, vertex, isGlobal: false })),
    ];
  }

  #finish(id: string): void {
    this.#advance(true);
    this.#say(` ---> ${shortId(id)}\n`);
    if (this.#options.quiet) this.#print({ stream: `${id}\n` });
    else this.#print({ aux: { ID: id } });
    const unused = this.#unusedArgs();
    if (unused.length > 0) this.#say(`[Warning] One or more build-args [${unused.join(" ")}] were not consumed\n`);
    this.#say(`Successfully built ${shortId(id)}\n`);
  }

  #head(text: string, count: number): void {
    this.#say(`Step ${this.#current + 1}/${count} : ${text}`);
    this.#say("\n");
    this.#isHeaded = true;
  }

  /** docker-compat: the one finding of the build checks that the classic builder's parser has, too; in red. */
  #warn(warnings: readonly LintWarning[]): void {
    const empty = warnings.filter(({ rule }) => rule === "NoEmptyContinuation");
    const red = (text: string): void => this.#say(`\u001b[91m[WARNING]: ${text}\n\u001b[0m`);
    for (const { range } of empty) {
      const found = this.#instructions.findLast(({ line }) => line <= (range?.startLine ?? 0));
      red(`Empty continuation line found in: ${found?.text ?? ""}`);
    }
    if (empty.length > 0) red("Empty continuation lines will become errors in a future release.");
  }

  /** docker-compat: the step is told before its image is pulled. */
  #tellFirst(): void {
    if (this.#graph !== undefined || this.#isHeaded) return;
    for (const { text } of this.#instructions.slice(this.#current)) {
      this.#head(text, this.#instructions.length);
      if (/^from\s/i.test(text)) return;
      this.#next();
    }
  }

  /** Build arguments that no ARG declares, nor the builder knows by itself. */
  #unusedArgs(): readonly string[] {
    const { buildArgs } = this.#options;
    const known = new Set([
      ...this.#declared,
      ...proxyVariables(buildArgs).map((variable) => variable.split("=", 1)[0]),
      "SOURCE_DATE_EPOCH",
    ]);
    const isKnown = (name: string): boolean => known.has(name) || name.startsWith("BUILDKIT_");
    return [...buildArgs.keys()].filter((name) => !isKnown(name)).toSorted();
  }

  #sayRemoved(container: string): void {
    this.#say(` ---> Removed intermediate container ${shortId(container)}\n`);
  }

  #say(stream: string): void {
    this.#tell({ stream });
  }

  #tell(message: JsonMessage): void {
    if (this.#options.quiet) this.#kept.push(message);
    else this.#print(message);
  }

  #state(vertex: number): StepState {
    const known = this.#states.get(vertex);
    if (known !== undefined) return known;
    const state: StepState = { cached: false, isDone: false, id: "", container: "", lines: [] };
    this.#states.set(vertex, state);
    return state;
  }
}

/** `instruction`: the one that failed, as written; "" where it is none. */
function failure(error: unknown, instruction: string): JsonMessage {
  const exitCode = isBerthError(error) ? error.details["exitCode"] : undefined;
  const message = `${containerStartPrefix(error)}${inClassicWords(messageOf(error), instruction)}`;
  if (typeof exitCode !== "number") return jsonMessageError(message);
  return { errorDetail: { code: exitCode, message }, error: message };
}

/** docker-compat: looking for files is a part of the step there, and images are told of by their registry alone. */
function inClassicWords(message: string, instruction: string): string {
  const [verb = ""] = instruction.toUpperCase().split(/\s/, 1);
  if (/^(file not found in build context |no source files were specified$)/.test(message))
    return `${verb} failed: ${message}`;
  const [, image = "", rest] = /^(\S+): ((?:Get "|manifest for |pull access denied ).*)$/s.exec(message) ?? [];
  if (rest === undefined || !instruction.includes(image)) return message;
  return verb === "FROM" ? rest : `invalid from flag value ${image}: ${rest}`;
}

function idOfSetting(before: string, text: string): string {
  return createHash("sha256").update(`${before}\n${text}`).digest("hex");
}

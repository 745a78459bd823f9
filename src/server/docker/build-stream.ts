import { isBerthError, messageOf } from "#base/errors.ts";
import type { EngineBuildEvent } from "#engine/build/build-event.ts";
import type { BuildGraph } from "#build/graph/types.ts";
import { shortId } from "#base/ids.ts";
import { jsonMessageError, type JsonMessage } from "#spec/docker/json-message.ts";
import { createHash } from "node:crypto";

interface StepState {
  cached: boolean;
  isDone: boolean;
  id: string;
  container: string;
  /** What was said and not yet printed. */
  lines: string[];
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
 *   Removing intermediate container 0123456789ab
 *    ---> 89abcdef0123
 *   Successfully built 89abcdef0123
 *
 * docker-compat: there are no images of steps here; a step's id names its record in the cache.
 */
export class ClassicBuildStream {
  readonly #print: (message: JsonMessage) => void;
  readonly #quiet: boolean;
  #graph: BuildGraph | undefined;
  /** Of the Dockerfile, until there is a graph. */
  #instructions: readonly { readonly line: number; readonly text: string }[] = [];
  #hasSpoken = false;
  readonly #steps = new Map<number, StepState>();
  #current = 0;
  #isHeaded = false;
  #lastId = "";

  /** `quiet`: the image's id alone. */
  constructor(print: (message: JsonMessage) => void, quiet: boolean) {
    this.#print = (message) => {
      this.#hasSpoken = true;
      print(message);
    };
    this.#quiet = quiet;
  }

  /**
   * Tell why the build ended. False where nothing has been told yet: then the request is answered with the error. As in
   * Docker an image that cannot be had is a step's failure.
   */
  fail(error: unknown): boolean {
    const isMissing = isBerthError(error) && error.kind !== "invalid-parameter" && error.details["phase"] === "convert";
    const at = this.#instructions.findIndex(({ line }) => isMissing && line === error.details["startLine"]);
    const failing = this.#instructions[at];
    if (!this.#hasSpoken && failing !== undefined)
      this.#print({ stream: `Step ${at + 1}/${this.#instructions.length} : ${failing.text}\n` });
    if (!this.#hasSpoken) return false;
    this.#print(failure(error));
    return true;
  }

  handle(event: EngineBuildEvent): void {
    switch (event.type) {
      case "parsed":
        this.#instructions = event.instructions;
        return;
      case "graph":
        this.#graph = event.graph;
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
        if (!this.#quiet) this.#print(event.line);
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
    const steps = this.#graph?.steps ?? [];
    for (let step = steps[this.#current]; step !== undefined; step = steps[this.#current]) {
      if (!this.#isHeaded) {
        this.#say(`Step ${this.#current + 1}/${steps.length} : ${step.text}`);
        this.#say("\n");
        this.#isHeaded = true;
      }
      const isLast = this.#current === steps.length - 1;
      if (step.vertex === undefined) {
        if (isLast && !over) return;
        this.#lastId = idOfSetting(this.#lastId, step.text);
      } else {
        const state = this.#state(step.vertex);
        for (const line of state.lines.splice(0)) this.#say(line);
        if (!state.isDone && !over) return;
        if (isLast && !over) return;
        if (state.cached || !state.isDone) this.#say(" ---> Using cache\n");
        if (state.container !== "") this.#say(`Removing intermediate container ${shortId(state.container)}\n`);
        this.#lastId = state.id;
      }
      if (!isLast) this.#say(` ---> ${shortId(this.#lastId)}\n`);
      this.#current++;
      this.#isHeaded = false;
    }
  }

  #finish(id: string): void {
    this.#advance(true);
    this.#say(` ---> ${shortId(id)}\n`);
    if (this.#quiet) this.#print({ stream: `${id}\n` });
    else this.#print({ aux: { ID: id } });
    this.#say(`Successfully built ${shortId(id)}\n`);
  }

  #say(stream: string): void {
    if (!this.#quiet) this.#print({ stream });
  }

  #state(vertex: number): StepState {
    const known = this.#steps.get(vertex);
    if (known !== undefined) return known;
    const state: StepState = { cached: false, isDone: false, id: "", container: "", lines: [] };
    this.#steps.set(vertex, state);
    return state;
  }
}

function failure(error: unknown): JsonMessage {
  const exitCode = isBerthError(error) ? error.details["exitCode"] : undefined;
  // docker-compat: the solver looks for the files before the step begins.
  const message = messageOf(error).replace(/^(?=file not found in build context )/, "COPY failed: ");
  if (typeof exitCode !== "number") return jsonMessageError(message);
  return { errorDetail: { code: exitCode, message }, error: message };
}

function idOfSetting(before: string, text: string): string {
  return createHash("sha256").update(`${before}\n${text}`).digest("hex");
}

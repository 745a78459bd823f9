/**
 * `POST /berth/build`: what `POST /build` of Docker cannot say. The body is one line of JSON, see build-options.ts, and behind
 * it the context's archive where the options ask for one; the answer is a {@link BuildLine} a line. Behind a line of type
 * `data` stand as many raw bytes as it says, and then the next line.
 */
export const BUILD_BODY_TYPE = "application/vnd.berth.build";

export type BuildCall = "build" | "check" | "outline" | "targets";

/** What looking at a Dockerfile comes to. */
export type BuildAnswer =
  | {
      readonly call: "check";
      /** `excerpt`: the Dockerfile's lines about the place, as text. */
      readonly warnings: readonly (BuildWarning & { readonly excerpt: string })[];
    }
  | { readonly call: "targets"; readonly targets: readonly BuildTarget[] }
  | { readonly call: "outline"; readonly outline: BuildOutline };

/** A stage as `--call targets` lists it. */
export interface BuildTarget {
  /** Empty for a stage without a name. */
  readonly name: string;
  /** The comment above FROM that begins with the name. */
  readonly description: string;
  /** It is what a build without `--target` builds. */
  readonly isDefault: boolean;
  /** As FROM has it, variables and all. */
  readonly base: string;
  readonly platform: string;
  readonly line: number;
}

/** What may be given to a build of one target. */
export interface BuildOutline {
  readonly target: string;
  readonly description: string;
  readonly args: readonly {
    readonly name: string;
    readonly value: string;
    readonly description: string;
    readonly line: number;
  }[];
  readonly secrets: readonly { readonly id: string; readonly required: boolean; readonly line: number }[];
  readonly agents: readonly { readonly id: string; readonly required: boolean; readonly line: number }[];
}

export interface BuildWarning {
  readonly rule: string;
  readonly description: string;
  readonly url: string;
  readonly detail: string;
  /** First line it is about; 0 when none. */
  readonly line: number;
}

/** One line of the answer; `at` is Unix milliseconds. A vertex is named by its place in `vertices`. */
export type BuildLine =
  | {
      readonly type: "graph";
      readonly vertices: readonly { readonly name: string }[];
      readonly warnings: readonly BuildWarning[];
    }
  | { readonly type: "started"; readonly vertex: number; readonly at: number }
  | {
      readonly type: "output";
      readonly vertex: number;
      readonly stream: "stdout" | "stderr";
      readonly text: string;
      readonly at: number;
    }
  | {
      readonly type: "progress";
      readonly vertex: number;
      readonly status: string;
      readonly current: number;
      readonly total: number;
    }
  /** Pulls and pushes in Docker's words; bytes of what is on its way. */
  | {
      readonly type: "pulling";
      readonly id: string;
      readonly status: string;
      readonly current?: number;
      readonly total?: number;
    }
  | {
      readonly type: "done";
      readonly vertex: number;
      readonly cached: boolean;
      readonly at: number;
      readonly why?: string;
    }
  | { readonly type: "failed"; readonly vertex: number; readonly message: string; readonly at: number }
  /** What is done with the result. */
  | { readonly type: "exporting"; readonly text: string }
  /** Bytes of an output, by its place in the options. */
  | { readonly type: "data"; readonly output: number; readonly bytes: number }
  /**
   * Somebody there wants to speak to the agent that the options have as `id`: `POST /berth/build/agents/{connection}` takes
   * over a connection for it. Only for who said that it forwards agents.
   */
  | { readonly type: "agent"; readonly id: string; readonly connection: string }
  /** The end: what BuildKit's exporters answer, by its names. */
  | { readonly type: "exported"; readonly metadata: Readonly<Record<string, unknown>> }
  | { readonly type: "image"; readonly id: string }
  | { readonly type: "tagged"; readonly name: string }
  | ({ readonly type: "answer" } & BuildAnswer)
  | BuildFailure;

/** Why a build failed. */
export interface BuildFailure {
  readonly type: "error";
  readonly message: string;
  readonly hint?: string;
  /** Of the command that failed. */
  readonly exitCode?: number;
  /** The Dockerfile's lines about the place, as text. */
  readonly excerpt?: string;
  /**
   * The step's place waits for a shell: `POST /berth/build/shells/{shell}` with the body of build-shell.ts takes the connection over
   * for its terminal, `…/resize?h=&w=` is its window. The answer of the build ends when the shell has, and the shell when
   * the build's client leaves.
   */
  readonly shell?: string;
}

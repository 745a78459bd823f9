import type { IgnoreMatcher } from "#base/ignore-patterns.ts";
import type { Linter } from "../dockerfile/lint/linter.ts";
import { suggest } from "../dockerfile/suggest.ts";
import type { Dockerfile, Instruction, StageInstruction } from "../dockerfile/types.ts";
import { expandWord } from "../dockerfile/words/expand-word.ts";
import type { GlobalArgs } from "./global-args.ts";
import type { GraphWriter } from "./graph-writer.ts";
import type { ConvertOptions } from "./options.ts";
import type { FromTarget, StageList } from "./stage-list.ts";
import type { StageState } from "./stage-state.ts";
import type { StepNames } from "./step-names.ts";
import type { Operation, Tree, Vertex, VertexId } from "./types.ts";

/** What the steps of a stage need beside their state. */
export interface StageContext {
  readonly dockerfile: Dockerfile;
  readonly options: ConvertOptions;
  readonly args: GlobalArgs;
  readonly list: StageList;
  readonly linter: Linter;
  readonly writer: GraphWriter;
  readonly names: StepNames;
  /** The stage's name or `stage-N`. */
  readonly label: string;
  readonly ignoreCache: boolean;
  /** Undefined when .dockerignore says nothing. */
  readonly ignore: IgnoreMatcher | undefined;
  /** The build context's tree. */
  readonly contextTree: () => Tree;
  /** What COPY `--from` or a mount's `from` reads; undefined for a stage that comes later. */
  readonly treeOf: (target: FromTarget) => { readonly tree: Tree } | undefined;
}

export const SBOM_ARGS: ReadonlySet<string> = new Set(["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]);

export type Expand = (text: string) => string;

/** Puts a stage's variables into an instruction's words, and reports those that are not set. */
export function expander(state: StageState, instruction: Instruction, at: StageContext): Expand {
  const { escape } = at.dockerfile;
  return (text) => expandAndLint(state, instruction, at, text, { escape });
}

/** The same for a file written in the Dockerfile: quotes are text there, and `\` escapes. */
export function heredocExpander(state: StageState, instruction: Instruction, at: StageContext): Expand {
  return (text) => expandAndLint(state, instruction, at, text, { escape: "\\", plainQuotes: true });
}

function expandAndLint(
  state: StageState,
  instruction: Instruction,
  at: StageContext,
  text: string,
  options: Parameters<typeof expandWord>[2],
): string {
  const expansion = expandWord(text, (name) => state.env.get(name), options);
  lintUnset(state, instruction, at, expansion.unmatched);
  return expansion.text;
}

/** UndefinedVar. */
export function lintUnset(
  state: StageState,
  instruction: Instruction,
  { linter }: StageContext,
  unset: ReadonlySet<string>,
): void {
  for (const name of unset) {
    if (SBOM_ARGS.has(name) || state.args.some(({ key }) => key === name)) continue;
    linter.report("undefinedVar", instruction, [name, suggest(name, state.env.keys())]);
  }
}

/** One vertex for an instruction. */
export function addStep(
  at: StageContext,
  state: StageState,
  instruction: StageInstruction,
  name: string,
  operation: Operation,
): VertexId {
  return at.writer.add(vertexOf(at, state, instruction, name, operation));
}

export function vertexOf(
  at: StageContext,
  state: StageState,
  instruction: StageInstruction,
  name: string,
  operation: Operation,
): Vertex {
  return {
    operation,
    platform: state.platform,
    name,
    instruction: instruction.original,
    stage: at.label,
    location: { file: at.dockerfile.source.name, ...instruction.range },
    ignoreCache: at.ignoreCache,
  };
}

/** `["/bin/sh", "-c"]`, unless SHELL says another. */
export function shellOf({ config }: StageState): readonly string[] {
  return config.Shell !== undefined && config.Shell.length > 0 ? config.Shell : ["/bin/sh", "-c"];
}

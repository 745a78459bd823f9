import type { FromInstruction, Instruction, SourceRange, Stage, StageInstruction } from "../types.ts";
import type { Linter } from "./linter.ts";

const NO_COMMENTS: readonly string[] = [];

/** The rules that need nothing but one instruction. */
export function lintInstruction(instruction: Instruction, linter: Linter): void {
  if (instruction.kind === "maintainer") linter.report("maintainerDeprecated", instruction, []);
  else if (instruction.kind === "from") lintFrom(instruction, linter);
  else if (instruction.kind === "arg")
    lintDescription(
      "ARG",
      instruction.args.map(({ key }) => key),
      instruction,
      linter,
    );
}

/** The rules that need the whole file. */
export function lintFile(stages: readonly Stage[], emptyContinuations: readonly SourceRange[], linter: Linter): void {
  for (const range of emptyContinuations) linter.report("noEmptyContinuation", { range, comments: NO_COMMENTS }, []);
  lintStageNames(stages, linter);
  lintCasing(stages, linter);
}

function lintFrom(from: FromInstruction, linter: Linter): void {
  const { stageName, writtenStageName = "", as = "", keyword } = from;
  if (stageName === undefined) return;
  if (writtenStageName !== stageName) linter.report("stageNameCasing", from, [writtenStageName]);
  if (isLower(keyword) ? !isLower(as) : isUpper(keyword) && !isUpper(as))
    linter.report("fromAsCasing", from, [keyword, as]);
  lintDescription("FROM", [stageName], from, linter);
}

/** A comment right above that does not begin with what it could describe. */
function lintDescription(instruction: string, names: readonly string[], place: Instruction, linter: Linter): void {
  const [first] = place.comments.at(-1)?.split(" ") ?? [];
  if (first === undefined || names.includes(first)) return;
  const example = names.length > 1 ? "<arg_key>" : (names[0] ?? "");
  linter.report("invalidDefinitionDescription", place, [instruction, example]);
}

function lintStageNames(stages: readonly Stage[], linter: Linter): void {
  const seen = new Set<string>();
  for (const { from } of stages) {
    const { stageName } = from;
    if (stageName === undefined) continue;
    const place = { range: from.range, comments: NO_COMMENTS };
    if (stageName === "context" || stageName === "scratch") linter.report("reservedStageName", place, [stageName]);
    if (seen.has(stageName)) linter.report("duplicateStageName", place, [stageName]);
    seen.add(stageName);
  }
}

function lintCasing(stages: readonly Stage[], linter: Linter): void {
  const instructions = stages.flatMap(({ from, instructions }): (FromInstruction | StageInstruction)[] => [
    from,
    ...instructions,
  ]);
  const lower = instructions.filter(({ keyword }) => isLower(keyword)).length;
  const upper = instructions.filter(({ keyword }) => isUpper(keyword)).length;
  const wantsLower = lower > upper;
  for (const { keyword, range } of instructions) {
    if (wantsLower ? isLower(keyword) : isUpper(keyword)) continue;
    const place = { range, comments: NO_COMMENTS };
    linter.report("consistentInstructionCasing", place, [keyword, wantsLower ? "lowercase" : "uppercase"]);
  }
}

function isLower(word: string): boolean {
  return word === word.toLowerCase();
}

function isUpper(word: string): boolean {
  return word === word.toUpperCase();
}

import { BerthError, messageOf } from "#base/errors.ts";
import { descriptionOf } from "./description.ts";
import { locateError, wrong } from "./dockerfile-error.ts";
import { parseInstruction } from "./instructions/parse-instruction.ts";
import { lintFile, lintInstruction } from "./lint/lint-text.ts";
import { Linter } from "./lint/linter.ts";
import { NO_LINT_OPTIONS, parseLintOptions } from "./lint/lint-options.ts";
import type { LogicalLine } from "./lines/read-lines.ts";
import { readLines } from "./lines/read-lines.ts";
import type { ArgInstruction, Dockerfile, Instruction, LintOptions, SourceFile, Stage } from "./types.ts";

/**
 * Read a Dockerfile. `check`, when given, stands for the file's own `# check=` (build argument BUILDKIT_DOCKERFILE_CHECK).
 * `invalid-parameter` in BuildKit's words, with the place in its details (see `errorLocation`).
 */
export function parseDockerfile(source: SourceFile, check?: string): Dockerfile {
  if (source.text === "") throw wrong("the Dockerfile cannot be empty", "begin with FROM");
  const { lines, directives, escape, emptyContinuations } = readLines(source);
  const lint = lintOptions(check ?? directives.find(({ name }) => name === "check")?.value);
  const linter = new Linter(lint);
  const args: ArgInstruction[] = [];
  const stages: Stage[] = [];
  for (const line of lines) {
    const instruction = parseLine(source, line, escape);
    lintInstruction(instruction, linter);
    place(instruction, args, stages, source);
  }
  const last = lines.at(-1)?.range ?? { startLine: 1, endLine: 1 };
  if (stages.length === 0)
    throw locateError(wrong("dockerfile contains no stages to build", "add a FROM"), source, last, "convert");
  lintFile(stages, emptyContinuations, linter);
  return { source, directives, escape, args, stages, lint, warnings: linter.warnings };
}

function parseLine(source: SourceFile, line: LogicalLine, escape: string): Instruction {
  try {
    return parseInstruction(line, escape);
  } catch (error) {
    throw locateError(error, source, line.range, "parse");
  }
}

/** Put an instruction where it belongs: into the last stage, or before all of them. */
function place(instruction: Instruction, args: ArgInstruction[], stages: Stage[], source: SourceFile): void {
  const stage = stages.at(-1);
  if (instruction.kind === "from") {
    const { comments, stageName } = instruction;
    const description = stageName === undefined ? undefined : descriptionOf(comments, stageName);
    stages.push({ from: instruction, instructions: [], description });
  } else if (stage !== undefined) {
    stages[stages.length - 1] = { ...stage, instructions: [...stage.instructions, instruction] };
  } else if (instruction.kind === "arg") {
    args.push(instruction);
  } else {
    const problem = wrong("no build stage in current context", "only ARG may stand before the first FROM");
    throw locateError(problem, source, instruction.range, "convert");
  }
}

function lintOptions(text: string | undefined): LintOptions {
  if (text === undefined) return NO_LINT_OPTIONS;
  try {
    return parseLintOptions(text.split(" ", 1)[0] ?? "");
  } catch (error) {
    throw new BerthError("invalid-parameter", `failed to parse check options: ${messageOf(error)}`, { cause: error });
  }
}

import { locateError, wrong } from "../dockerfile/dockerfile-error.ts";
import type { Dockerfile, StageInstruction } from "../dockerfile/types.ts";
import type { StageList } from "./stage-list.ts";

/** `invalid-parameter` when a stage needs itself, over COPY `--from` and mounts. Stages that are not built count too. */
export function refuseCycles(dockerfile: Dockerfile, list: StageList): void {
  const done = new Set<number>();
  const open = new Set<number>();
  const visit = (index: number): StageInstruction | undefined => {
    if (done.has(index)) return undefined;
    done.add(index);
    open.add(index);
    for (const [instruction, needed] of needs(dockerfile, list, index)) {
      if (open.has(needed) || visit(needed) !== undefined) return instruction;
    }
    open.delete(index);
    return undefined;
  };
  for (const { index, label } of list.stages) {
    const instruction = visit(index);
    if (instruction === undefined) continue;
    const problem = wrong(`circular dependency detected on stage: ${label}`, "a stage can read from earlier ones only");
    throw locateError(problem, dockerfile.source, instruction.range, "convert");
  }
}

function needs(
  dockerfile: Dockerfile,
  list: StageList,
  index: number,
): readonly (readonly [StageInstruction, number])[] {
  return list.at(index).stage.instructions.flatMap((instruction) => {
    try {
      return list
        .readsFrom(instruction)
        .flatMap((target) => ("stage" in target ? [[instruction, target.stage] as const] : []));
    } catch (error) {
      throw locateError(error, dockerfile.source, instruction.range, "convert");
    }
  });
}

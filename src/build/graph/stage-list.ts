import { BerthError, messageOf } from "#base/errors.ts";
import { quoteGo } from "#base/quote-go.ts";
import { parsePlatform, type Platform } from "#spec/oci/platform.ts";
import { locateError, wrong } from "../dockerfile/dockerfile-error.ts";
import { mountFrom } from "../dockerfile/instructions/parse-mount.ts";
import { withSuggestion } from "../dockerfile/suggest.ts";
import type { CopyInstruction, Dockerfile, Stage, StageInstruction } from "../dockerfile/types.ts";
import { expandWord } from "../dockerfile/words/expand-word.ts";
import type { GlobalArgs } from "./global-args.ts";
import { lintFromNames, lintFromPlatform } from "./lint-from.ts";
import type { Linter } from "../dockerfile/lint/linter.ts";

/** A stage with the variables of its FROM put in. */
export interface PlannedStage {
  readonly index: number;
  readonly stage: Stage;
  /** `FROM`'s first word. */
  readonly base: string;
  /** The earlier stage that `base` names. */
  readonly baseStage: number | undefined;
  readonly platform: Platform | undefined;
  /** The stage's name, or `stage-N`. */
  readonly label: string;
}

/** What COPY `--from` or a mount's `from` names: a stage, or something outside the file. */
export type FromTarget = { readonly stage: number } | { readonly external: string };

/** The stages of a file by name and number. */
export class StageList {
  readonly #dockerfile: Dockerfile;
  readonly stages: readonly PlannedStage[];

  constructor(dockerfile: Dockerfile, stages: readonly PlannedStage[]) {
    this.#dockerfile = dockerfile;
    this.stages = stages;
  }

  at(index: number): PlannedStage {
    const stage = this.stages[index];
    if (stage === undefined) throw wrong(`invalid stage index ${index}`);
    return stage;
  }

  /** The stage to build; the last one for an empty name. `invalid-parameter` when there is none of that name or number. */
  target(name: string): PlannedStage {
    if (name === "") return this.at(this.stages.length - 1);
    const index = this.#named(name) ?? (/^\d+$/.test(name) ? Number(name) : -1);
    const stage = this.stages[index];
    if (stage !== undefined) return stage;
    const message = `target stage ${quoteGo(name)} could not be found`;
    throw wrong(withSuggestion(message, name, this.labels), `stages of the file: ${this.labels.join(", ")}`);
  }

  get labels(): readonly string[] {
    return this.stages.map(({ label }) => label);
  }

  /** What an instruction reads from other than the build context, in the order it is written. */
  readsFrom(instruction: StageInstruction): readonly FromTarget[] {
    if (instruction.kind === "copy") return instruction.from === "" ? [] : [this.copyFrom(instruction)];
    if (instruction.kind !== "run") return [];
    const names = instruction.mounts.map(mountFrom);
    return names.filter((name) => name !== "").map((name) => this.mountFrom(name));
  }

  /** COPY takes names and numbers. `invalid-parameter` for a variable, and for a number that no stage has. */
  copyFrom({ from }: Pick<CopyInstruction, "from">): FromTarget {
    const { escape } = this.#dockerfile;
    if (expandWord(from, () => undefined, { escape }).text !== from)
      throw wrong(
        "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround",
      );
    if (!/^[-+]?\d+$/.test(from)) return this.mountFrom(from);
    return { stage: this.at(Number(from)).index };
  }

  /** Mounts take names alone. */
  mountFrom(name: string): FromTarget {
    const stage = this.#named(name);
    return stage === undefined ? { external: name } : { stage };
  }

  /** Of stages with one name the last counts. */
  #named(name: string): number | undefined {
    return this.stages.findLast(({ stage }) => stage.from.stageName === name.toLowerCase())?.index;
  }
}

/** Put the variables into every FROM. `invalid-parameter` with the place for what cannot be read. */
export function planStages(dockerfile: Dockerfile, args: GlobalArgs, host: Platform, linter: Linter): StageList {
  const stages: PlannedStage[] = [];
  for (const [index, stage] of dockerfile.stages.entries()) {
    try {
      stages.push(planStage(dockerfile, { args, host, linter }, index, stage, stages));
    } catch (error) {
      throw locateError(error, dockerfile.source, stage.from.range, "convert");
    }
  }
  return new StageList(dockerfile, stages);
}

interface PlanInput {
  readonly args: GlobalArgs;
  readonly host: Platform;
  readonly linter: Linter;
}

function planStage(
  dockerfile: Dockerfile,
  { args, host, linter }: PlanInput,
  index: number,
  stage: Stage,
  earlier: readonly PlannedStage[],
): PlannedStage {
  const { escape } = dockerfile;
  const { from } = stage;
  const base = expandWord(from.base, (name) => args.get(name), { escape });
  lintFromNames(dockerfile, args, from, base.unmatched, linter);
  if (base.text === "")
    throw wrong(`base name (${from.base}) should not be blank`, "give the ARG a default, or --build-arg a value");
  return {
    index,
    stage,
    base: base.text,
    baseStage: earlier.findLast((other) => other.stage.from.stageName === base.text)?.index,
    platform: from.platform === "" ? undefined : planPlatform(dockerfile, { args, host, linter }, stage),
    label: from.stageName ?? `stage-${index}`,
  };
}

function planPlatform(dockerfile: Dockerfile, { args, host, linter }: PlanInput, { from }: Stage): Platform {
  const expansion = expandWord(from.platform, (name) => args.get(name), { escape: dockerfile.escape });
  lintFromNames(dockerfile, args, from, expansion.unmatched, linter);
  lintFromPlatform(args, from, expansion, host, linter);
  if (expansion.text === "") throw wrong(`empty platform value from expression ${from.platform}`);
  try {
    return parsePlatform(expansion.text, host);
  } catch (error) {
    const message = `failed to parse platform ${from.platform}: ${messageOf(error)}`;
    throw new BerthError("invalid-parameter", message, { cause: error });
  }
}

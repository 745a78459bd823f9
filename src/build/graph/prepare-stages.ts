import type { Platform } from "#spec/oci/platform.ts";
import { locateError, wrong } from "../dockerfile/dockerfile-error.ts";
import { parseInstruction } from "../dockerfile/instructions/parse-instruction.ts";
import { readLines } from "../dockerfile/lines/read-lines.ts";
import type { Dockerfile, SourceRange, StageInstruction } from "../dockerfile/types.ts";
import type { FromTarget, PlannedStage, StageList } from "./stage-list.ts";
import type { StageSource, StageSources } from "./stage-sources.ts";

export interface StageStep {
  readonly instruction: StageInstruction;
  /** It comes from a trigger of the base. */
  readonly isOnbuild: boolean;
}

/** A stage with everything looked up that it needs. */
export interface PreparedStage {
  readonly planned: PlannedStage;
  /** What it begins with; undefined when that is a stage. */
  readonly source: StageSource | undefined;
  /** A named context stands for the whole stage: nothing in it is carried out. */
  readonly isReplaced: boolean;
  /** Triggers of the base first. */
  readonly steps: readonly StageStep[];
  readonly platform: Platform;
}

export interface PrepareInput {
  readonly dockerfile: Dockerfile;
  readonly list: StageList;
  readonly sources: StageSources;
  readonly platform: Platform;
}

/** What was prepared: stages by their place, and what COPY and mounts name outside the file, by name. */
export interface PreparedStages {
  readonly stages: ReadonlyMap<number, PreparedStage>;
  readonly externals: ReadonlyMap<string, StageSource>;
}

/**
 * Follow from `target` to everything it needs, and look up the configs of the images. Stages that nothing needs are left
 * out. Errors know their place.
 */
export async function prepareStages(input: PrepareInput, targets: readonly PlannedStage[]): Promise<PreparedStages> {
  const preparation = new Preparation(input);
  await Promise.all(targets.map((target) => preparation.visit(target.index)));
  const inOrder = [...preparation.stages.entries()].sort(([one], [other]) => one - other);
  return { stages: new Map(inOrder), externals: preparation.externals };
}

class Preparation {
  readonly stages = new Map<number, PreparedStage>();
  readonly externals = new Map<string, StageSource>();
  readonly #input: PrepareInput;
  readonly #visits = new Map<number, Promise<PreparedStage>>();

  constructor(input: PrepareInput) {
    this.#input = input;
  }

  visit(index: number): Promise<PreparedStage> {
    let visit = this.#visits.get(index);
    if (visit === undefined) {
      visit = this.#prepare(this.#input.list.at(index));
      this.#visits.set(index, visit);
    }
    return visit;
  }

  async #prepare(planned: PlannedStage): Promise<PreparedStage> {
    const { from, instructions } = planned.stage;
    const base = planned.baseStage === undefined ? undefined : await this.visit(planned.baseStage);
    const replacement = this.#replacement(planned);
    const wanted = planned.platform ?? base?.platform ?? this.#input.platform;
    const source =
      base === undefined || replacement !== undefined
        ? await this.#find(replacement ?? planned.base, wanted, from.range)
        : undefined;
    const isReplaced = replacement !== undefined;
    const triggers = isReplaced ? [] : this.#triggers(source, base, from.range);
    const steps = [
      ...triggers.map((instruction) => ({ instruction, isOnbuild: true })),
      ...(isReplaced ? [] : instructions.map((instruction) => ({ instruction, isOnbuild: false }))),
    ];
    const platform = base === undefined || planned.platform === undefined ? wanted : base.platform;
    const prepared = { planned, source, isReplaced, steps, platform };
    this.stages.set(planned.index, prepared);
    await Promise.all(steps.map(({ instruction }) => this.#visitReads(planned, instruction)));
    return prepared;
  }

  /** The context that has this stage's name. */
  #replacement({ stage }: PlannedStage): string | undefined {
    const name = stage.from.stageName;
    return name !== undefined && this.#input.sources.context(name) !== undefined ? name : undefined;
  }

  async #visitReads(planned: PlannedStage, instruction: StageInstruction): Promise<void> {
    await Promise.all(
      this.#located(instruction.range, () => this.#input.list.readsFrom(instruction)).map((target) =>
        this.#visitRead(planned, target, instruction.range),
      ),
    );
  }

  async #visitRead(planned: PlannedStage, target: FromTarget, range: SourceRange): Promise<void> {
    if ("external" in target) {
      const { platform } = this.#input;
      this.externals.set(target.external, await this.#find(target.external, platform, range));
    } else if (target.stage < planned.index) await this.visit(target.stage);
  }

  async #find(name: string, platform: Platform, range: SourceRange): Promise<StageSource> {
    const { dockerfile, list, sources } = this.#input;
    try {
      return await sources.find(name, platform, list.labels);
    } catch (error) {
      throw locateError(error, dockerfile.source, range, "convert");
    }
  }

  /** What ONBUILD of the image, or of the stage, wants to be carried out here. */
  #triggers(
    source: StageSource | undefined,
    base: PreparedStage | undefined,
    range: SourceRange,
  ): readonly StageInstruction[] {
    const texts =
      source?.type === "image"
        ? (source.image.config.config?.OnBuild ?? [])
        : (base?.steps ?? []).flatMap(({ instruction }) =>
            instruction.kind === "onbuild" ? [instruction.trigger] : [],
          );
    return texts.map((text) => this.#located(range, () => parseTrigger(text, range)));
  }

  #located<T>(range: SourceRange, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw locateError(error, this.#input.dockerfile.source, range, "convert");
    }
  }
}

/** A trigger is one instruction, written with the default escape character, and is where FROM is. */
function parseTrigger(text: string, range: SourceRange): StageInstruction {
  const { lines } = readLines({ name: "ONBUILD", text });
  const [line] = lines;
  if (line === undefined || lines.length !== 1) throw wrong("onbuild trigger should be a single expression");
  const instruction = parseInstruction({ ...line, range }, "\\");
  if (instruction.kind === "from") throw wrong("FROM isn't allowed as an ONBUILD trigger");
  return instruction;
}

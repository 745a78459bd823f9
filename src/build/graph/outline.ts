import { isBerthError } from "#base/errors.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { parseMount } from "../dockerfile/instructions/parse-mount.ts";
import { Linter } from "../dockerfile/lint/linter.ts";
import type { ArgInstruction, Dockerfile, RunInstruction } from "../dockerfile/types.ts";
import { expandWord, type Expansion } from "../dockerfile/words/expand-word.ts";
import { globalArgs, predefinedArgs, type GlobalArgs } from "./global-args.ts";
import { planStages, type PlannedStage, type StageList } from "./stage-list.ts";

/** What one may give to a build of one target: `--call outline`. Each in the file's order, and once. */
export interface BuildOutline {
  readonly target: string;
  readonly description: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineNeed[];
  readonly agents: readonly OutlineNeed[];
}

export interface OutlineArg {
  readonly name: string;
  /** With what is given and the defaults; empty for none. */
  readonly value: string;
  readonly description: string;
  readonly line: number;
}

export interface OutlineNeed {
  readonly id: string;
  readonly required: boolean;
  readonly line: number;
}

export interface OutlineOptions {
  readonly target: string;
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
}

/** Looks at the file alone: what triggers of base images ask for is not told. Errors as those of `convert`. */
export function outline(dockerfile: Dockerfile, options: OutlineOptions): BuildOutline {
  const { buildArgs, buildPlatform, platform } = options;
  const predefined = predefinedArgs(
    { buildPlatform, targetPlatform: platform, targetStage: options.target },
    buildArgs,
  );
  const globals = globalArgs(dockerfile, predefined, buildArgs);
  const list = planStages(dockerfile, globals, buildPlatform, new Linter(dockerfile.lint));
  const target = list.target(options.target);
  const stages = neededStages(list, target);
  const outlined = new Outlining(dockerfile, globals, buildArgs);
  for (const stage of stages) outlined.addStage(stage);
  return {
    target: target.stage.from.stageName ?? "",
    description: target.stage.description ?? "",
    ...outlined.finish(),
  };
}

function neededStages(list: StageList, target: PlannedStage): readonly PlannedStage[] {
  const needed = new Set<number>();
  const visit = (stage: PlannedStage): void => {
    if (needed.has(stage.index)) return;
    needed.add(stage.index);
    if (stage.baseStage !== undefined) visit(list.at(stage.baseStage));
    for (const instruction of stage.stage.instructions)
      for (const read of list.readsFrom(instruction)) if ("stage" in read) visit(list.at(read.stage));
  };
  visit(target);
  return [...needed].sort((one, other) => one - other).map((index) => list.at(index));
}

class Outlining {
  readonly #dockerfile: Dockerfile;
  readonly #globals: GlobalArgs;
  readonly #buildArgs: ReadonlyMap<string, string | undefined>;
  readonly #usedGlobals = new Set<string>();
  readonly #args = new Map<string, OutlineArg>();
  readonly #secrets = new Map<string, OutlineNeed>();
  readonly #agents = new Map<string, OutlineNeed>();

  constructor(dockerfile: Dockerfile, globals: GlobalArgs, buildArgs: ReadonlyMap<string, string | undefined>) {
    this.#dockerfile = dockerfile;
    this.#globals = globals;
    this.#buildArgs = buildArgs;
  }

  addStage({ stage }: PlannedStage): void {
    for (const text of [stage.from.base, stage.from.platform])
      for (const name of this.#expand(text, this.#globals).matched) this.#usedGlobals.add(name);
    const known = new Map<string, string>();
    for (const instruction of stage.instructions) {
      if (instruction.kind === "arg") this.#addArgs(instruction, known);
      else if (instruction.kind === "run") this.#addMounts(instruction, known);
    }
  }

  finish(): Pick<BuildOutline, "args" | "secrets" | "agents"> {
    this.#addGlobals();
    return { args: byLine(this.#args), secrets: byLine(this.#secrets), agents: byLine(this.#agents) };
  }

  #addArgs({ args, range }: ArgInstruction, known: Map<string, string>): void {
    for (const { key, value, description } of args) {
      const given = this.#buildArgs.get(key);
      const inherited = given === undefined && value === undefined ? this.#globals.get(key) : undefined;
      const shown = given ?? inherited ?? (value === undefined ? "" : this.#expand(value, known).text);
      known.set(key, shown);
      if (inherited !== undefined) this.#usedGlobals.add(key);
      else if (!this.#args.has(key))
        this.#args.set(key, { name: key, value: shown, description: description ?? "", line: range.startLine });
    }
  }

  #addMounts({ mounts, range }: RunInstruction, known: ReadonlyMap<string, string>): void {
    for (const text of mounts) {
      const mount = parseMount(text, (value) => this.#expand(value, known).text);
      if (mount.type !== "secret" && mount.type !== "ssh") continue;
      const needs = mount.type === "secret" ? this.#secrets : this.#agents;
      const { id, required } = mount;
      if (!needs.has(id)) needs.set(id, { id, required, line: range.startLine });
    }
  }

  /** Those before the first FROM that a stage uses, and those that these use. */
  #addGlobals(): void {
    const declarations = this.#dockerfile.args.flatMap(({ args, range }) => args.map((arg) => ({ ...arg, range })));
    for (const { key, value } of declarations.toReversed()) {
      if (!this.#usedGlobals.has(key) || value === undefined) continue;
      for (const name of this.#expand(value, this.#globals).matched) this.#usedGlobals.add(name);
    }
    for (const { key, description, range } of declarations) {
      if (!this.#usedGlobals.has(key) || this.#args.has(key)) continue;
      const value = this.#globals.get(key) ?? "";
      this.#args.set(key, { name: key, value, description: description ?? "", line: range.startLine });
    }
  }

  /** A text that cannot be read says nothing here; the build will tell. */
  #expand(text: string, values: ReadonlyMap<string, string>): Pick<Expansion, "text" | "matched"> {
    try {
      return expandWord(text, (name) => values.get(name), { escape: this.#dockerfile.escape });
    } catch (error) {
      if (isBerthError(error)) return { text, matched: new Set() };
      throw error;
    }
  }
}

function byLine<T extends { readonly line: number }>(found: ReadonlyMap<string, T>): readonly T[] {
  return [...found.values()].sort((one, other) => one.line - other.line);
}

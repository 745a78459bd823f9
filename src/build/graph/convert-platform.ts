import { formatPlatform, normalizePlatform, type Platform } from "#spec/oci/platform.ts";
import { locateError } from "../dockerfile/dockerfile-error.ts";
import { compileIgnore, type IgnoreMatcher } from "#base/ignore-patterns.ts";
import type { Linter } from "../dockerfile/lint/linter.ts";
import type { Dockerfile, FromInstruction, SourceRange } from "../dockerfile/types.ts";
import { dispatch } from "./dispatch.ts";
import type { GlobalArgs } from "./global-args.ts";
import type { GraphWriter } from "./graph-writer.ts";
import type { ConvertOptions } from "./options.ts";
import { prepareStages, type PreparedStage, type PreparedStages, type StageStep } from "./prepare-stages.ts";
import { imageTree, mainContextTree, namedContextTree, shownImage } from "./source-trees.ts";
import { settingEntry } from "./history.ts";
import { shellOf, type StageContext } from "./stage-context.ts";
import type { FromTarget, StageList } from "./stage-list.ts";
import type { StageSource, StageSources } from "./stage-sources.ts";
import {
  derivedState,
  emptyState,
  imageState,
  osOf,
  startedState,
  type ImageOs,
  type StageState,
} from "./stage-state.ts";
import { StepNames } from "./step-names.ts";
import type { BuildResult, BuildStep, Tree } from "./types.ts";

export interface PlatformInput {
  readonly dockerfile: Dockerfile;
  readonly options: ConvertOptions;
  readonly platform: Platform;
  readonly writer: GraphWriter;
  readonly linter: Linter;
  readonly list: StageList;
  readonly args: GlobalArgs;
  readonly sources: StageSources;
}

/** Everything of one platform's build, stage after stage in the file's order. */
export class ConvertPlatform {
  readonly input: PlatformInput;
  readonly #states = new Map<number, StageState>();
  readonly #steps: BuildStep[] = [];
  readonly #ignore: IgnoreMatcher | undefined;
  #prepared: PreparedStages = { stages: new Map(), externals: new Map() };

  constructor(input: PlatformInput) {
    this.input = input;
    const { context } = input.options;
    this.#ignore =
      context.type === "local" && context.ignoreLines.length > 0 ? compileIgnore(context.ignoreLines) : undefined;
  }

  async run(everyStage: boolean): Promise<{ readonly result: BuildResult; readonly steps: readonly BuildStep[] }> {
    const { list, options } = this.input;
    const target = list.target(options.target);
    this.#prepared = await prepareStages(this.input, everyStage ? list.stages : [target]);
    for (const prepared of this.#prepared.stages.values()) this.#convertStage(prepared);
    const state = this.#states.get(target.index);
    if (state === undefined) throw new Error(`stage ${target.label} was not converted`);
    return { result: this.#result(state, target.label), steps: this.#steps };
  }

  #convertStage(prepared: PreparedStage): void {
    const { dockerfile } = this.input;
    const { from } = prepared.planned.stage;
    const at = this.#contextOf(prepared);
    let state = this.#located(from.range, () => this.#begin(prepared, at));
    this.#steps.push({ text: from.original, vertex: state.tree, stage: at.label });
    if (!prepared.isReplaced) state = startedState(state);
    for (const step of prepared.steps) {
      const before = state;
      try {
        state = dispatch(before, step, at);
      } catch (error) {
        throw locateError(error, dockerfile.source, step.instruction.range, "convert");
      }
      const vertex = state.tree === before.tree ? undefined : state.tree;
      this.#steps.push({ text: step.instruction.original, vertex, stage: at.label });
    }
    this.#states.set(prepared.planned.index, state);
  }

  /** What a stage begins with. */
  #begin({ planned, source, platform }: PreparedStage, at: StageContext): StageState {
    if (source === undefined) {
      const base = planned.baseStage === undefined ? undefined : this.#states.get(planned.baseStage);
      if (base === undefined) throw new Error(`stage ${planned.base} was not converted`);
      return derivedState(base);
    }
    if (source.type === "scratch") return this.#scratch();
    if (source.type === "context")
      return { ...emptyState(platform), tree: this.#use(this.#contextTree(source, platform)) };
    const { from } = planned.stage;
    const { image } = source;
    this.#lintPlatform(source, platform, planned.stage.from);
    const facts = {
      platform,
      name: at.names.next(`FROM ${shownImage(source)}`, platform, new Map()),
      instruction: from.original,
      stage: at.label,
      location: { file: this.input.dockerfile.source.name, ...from.range },
    };
    return imageState(image.config, platform, imageTree(this.input.writer, source, facts, at.ignoreCache));
  }

  #scratch(): StageState {
    const state = emptyState(this.input.platform);
    if (this.input.options.dialect === "buildkit") return state;
    const { WorkingDir: _root, ...config } = state.config;
    return { ...state, config };
  }

  #contextOf(prepared: PreparedStage): StageContext {
    const { dockerfile, options, args, list, linter, writer } = this.input;
    const { planned, source, steps } = prepared;
    const isOnly = list.stages.length === 1 && this.#prepared.externals.size === 0;
    const total = steps.filter(makesVertex).length + (source === undefined || source.type === "scratch" ? 0 : 1);
    const { noCache } = options;
    return {
      dockerfile,
      options,
      args,
      list,
      linter,
      writer,
      names: new StepNames({
        total,
        stage: isOnly ? "" : planned.label,
        showPlatform: options.platforms.length > 1,
      }),
      label: planned.label,
      ignoreCache: typeof noCache === "boolean" ? noCache : noCache.includes(planned.stage.from.stageName ?? ""),
      ignore: this.#ignore,
      contextTree: () => mainContextTree(writer, options),
      treeOf: (target) => this.#treeOf(target, planned.index),
    };
  }

  #treeOf(target: FromTarget, reader: number): { readonly tree: Tree } | undefined {
    if ("stage" in target) {
      const state = target.stage < reader ? this.#states.get(target.stage) : undefined;
      return state === undefined ? undefined : { tree: state.tree };
    }
    const source = this.#prepared.externals.get(target.external);
    return source === undefined ? undefined : { tree: this.#externalTree(source) };
  }

  #externalTree(source: StageSource): Tree {
    const { platform, writer, options } = this.input;
    if (source.type === "scratch") return undefined;
    if (source.type === "context") return this.#contextTree(source, platform);
    const facts = {
      platform,
      name: `FROM ${shownImage(source)}`,
      instruction: "",
      stage: "internal",
      location: undefined,
    };
    return imageTree(writer, source, facts, options.noCache === true);
  }

  #contextTree(source: StageSource & { readonly type: "context" }, platform: Platform): Tree {
    return namedContextTree(this.input.writer, source.name, source.context, platform);
  }

  /** A stage that begins with a context needs all of it. */
  #use(tree: Tree): Tree {
    this.input.writer.use(tree, "/");
    return tree;
  }

  #lintPlatform(source: StageSource & { readonly type: "image" }, expected: Platform, from: FromInstruction): void {
    const { os, architecture } = source.image.config;
    if (os === expected.os && architecture === expected.architecture) return;
    const { written, image } = source;
    const shown = (platform: Platform): string => formatPlatform(normalizePlatform(platform));
    this.input.linter.report("invalidBaseImagePlatform", from, [written, shown(expected), shown(image.config)]);
  }

  #result(state: StageState, stage: string): BuildResult {
    const { options, platform } = this.input;
    const Labels = { ...state.config.Labels, ...Object.fromEntries(options.labels) };
    const config = Object.keys(Labels).length === 0 ? state.config : { ...state.config, Labels };
    const os = options.platforms.length === 0 ? state.os : askedOs(state.os, platform);
    return {
      platform,
      root: state.tree,
      config: { ...os, ...(state.author === undefined ? {} : { author: state.author }), config },
      history: [...state.history, ...this.#labelHistory(state)],
      base: state.base,
      stage,
    };
  }

  /** The classic builder makes the labels of its command line a step. */
  #labelHistory(state: StageState): BuildResult["history"] {
    const { dialect, labels } = this.input.options;
    if (dialect === "buildkit" || labels.size === 0) return [];
    const text = [...labels].map(([key, value]) => `${key}=${value}`).join(" ");
    return [settingEntry(dialect, shellOf(state), `LABEL ${text}`)];
  }

  #located<T>(range: SourceRange, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw locateError(error, this.input.dockerfile.source, range, "convert");
    }
  }
}

function makesVertex({ instruction, isOnbuild }: StageStep): boolean {
  return isOnbuild || ["add", "copy", "run", "workdir"].includes(instruction.kind);
}

/** The platform that was asked for, over what the base image says of itself. */
function askedOs(os: ImageOs, asked: Platform): ImageOs {
  const isSame = os.os === asked.os && os.architecture === asked.architecture;
  if (isSame && asked.variant === undefined) return os;
  return { ...(isSame ? os : {}), ...osOf(asked) };
}

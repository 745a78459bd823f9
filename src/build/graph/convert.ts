import { lintDefaultBases } from "./lint-from.ts";
import { Linter } from "../dockerfile/lint/linter.ts";
import type { Dockerfile } from "../dockerfile/types.ts";
import { ConvertPlatform } from "./convert-platform.ts";
import { refuseCycles } from "./find-cycle.ts";
import { defaultArgs, globalArgs, predefinedArgs } from "./global-args.ts";
import { GraphWriter } from "./graph-writer.ts";
import type { ConvertOptions, ResolveImage } from "./options.ts";
import { planStages } from "./stage-list.ts";
import { StageSources } from "./stage-sources.ts";
import type { BuildResult, BuildStep, Conversion } from "./types.ts";

/**
 * Make a Dockerfile a graph: one result for each platform, stages that nothing needs left out. Looks up the configs of images
 * and nothing else. `invalid-parameter` in BuildKit's words, with the place in its details (see `errorLocation`); what
 * `resolve` throws, with the place of the FROM.
 */
export async function convert(
  dockerfile: Dockerfile,
  options: ConvertOptions,
  resolve: ResolveImage,
): Promise<Conversion> {
  return new Converter(dockerfile, options, resolve).convert({ everyStage: false, mayFail: true });
}

/**
 * All findings of the build checks, also where the file wants them to fail a build. Without a target every stage is looked
 * at, needed or not.
 */
export async function check(
  dockerfile: Dockerfile,
  options: ConvertOptions,
  resolve: ResolveImage,
): Promise<Conversion["warnings"]> {
  const converter = new Converter(dockerfile, options, resolve);
  const { warnings } = await converter.convert({ everyStage: options.target === "", mayFail: false });
  return warnings;
}

class Converter {
  readonly #dockerfile: Dockerfile;
  readonly #options: ConvertOptions;
  readonly #resolve: ResolveImage;

  constructor(dockerfile: Dockerfile, options: ConvertOptions, resolve: ResolveImage) {
    this.#dockerfile = dockerfile;
    this.#options = options;
    this.#resolve = resolve;
  }

  async convert({ everyStage, mayFail }: { everyStage: boolean; mayFail: boolean }): Promise<Conversion> {
    const dockerfile = this.#dockerfile;
    const { platforms, buildPlatform, contexts } = this.#options;
    const writer = new GraphWriter();
    const sources = new StageSources(contexts, this.#resolve);
    const results: BuildResult[] = [];
    let steps: readonly BuildStep[] = [];
    let warnings: Conversion["warnings"] = [];
    for (const [index, platform] of (platforms.length > 0 ? platforms : [buildPlatform]).entries()) {
      // Every platform would say the same again.
      const linter = new Linter(dockerfile.lint, dockerfile.warnings);
      const list = this.#plan(platform, linter);
      const converting = new ConvertPlatform({
        dockerfile,
        options: this.#options,
        platform,
        writer,
        linter,
        ...list,
        sources,
      });
      const converted = await converting.run(everyStage);
      results.push(converted.result);
      if (index > 0) continue;
      steps = converted.steps;
      if (mayFail) linter.check();
      ({ warnings } = linter);
    }
    return { graph: { vertices: writer.finish(), results, steps }, warnings };
  }

  #plan(platform: ConvertOptions["buildPlatform"], linter: Linter): Pick<ConvertPlatform["input"], "list" | "args"> {
    const dockerfile = this.#dockerfile;
    const { target, buildArgs, buildPlatform } = this.#options;
    const targetStage = target === "" ? (dockerfile.stages.at(-1)?.from.stageName ?? "") : target;
    const predefined = predefinedArgs({ buildPlatform, targetPlatform: platform, targetStage }, buildArgs);
    lintDefaultBases(dockerfile, defaultArgs(dockerfile, predefined), linter);
    const args = globalArgs(dockerfile, predefined, buildArgs);
    const list = planStages(dockerfile, args, buildPlatform, linter);
    list.target(target);
    refuseCycles(dockerfile, list);
    return { list, args };
  }
}

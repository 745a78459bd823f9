import { BerthError } from "#base/errors.ts";
import type { Model, Service } from "../load/project.ts";
import type { ApplyContext } from "../apply/context.ts";
import { reasonOf } from "./run-provider.ts";

/** By service, what it is told of the models it uses. */
export type ModelVariables = ReadonlyMap<string, Readonly<Record<string, string>>>;

/**
 * Have docker's plugin `model` pull and configure the models that services use, and tell the services where they are:
 * `NAME_URL` and `NAME_MODEL`, or the variables they name (models.md). `not-found` without the plugin.
 */
export async function ensureModels(context: ApplyContext, services: readonly Service[]): Promise<ModelVariables> {
  const used = new Set(services.flatMap(({ models }) => Object.keys(models ?? {})));
  if (used.size === 0) return new Map();
  const program = context.programs.plugin("model");
  if (program === undefined)
    throw new BerthError("not-found", "'models' support requires Docker Model plugin", {
      hint: "It is a file docker-model in a folder of docker's plugins.",
    });
  const ask = async (...words: readonly string[]): Promise<string> => {
    const lines: string[] = [];
    const { exitCode, stderr } = await context.programs.follow([program, ...words], (line) => lines.push(line));
    if (exitCode !== 0)
      throw new BerthError("internal", `docker model ${words.join(" ")}: ${reasonOf(exitCode, stderr)}`);
    return lines.join("\n");
  };
  const endpoint = context.dryRun ? "" : endpointOf(await ask("status", "--json"));
  const there = context.dryRun ? [] : tagsOf(await ask("ls", "--json"));
  const models = [...used].flatMap((key) => context.project.models.get(key) ?? []);
  await Promise.all(models.map((model) => ensureModel(context, model, there, ask)));
  return new Map(services.map((service) => [service.name, variablesOf(service, context, endpoint)]));
}

async function ensureModel(
  { progress, dryRun }: ApplyContext,
  { key, name = key, model = "", context_size, runtime_flags = [] }: Model,
  there: readonly string[],
  ask: (...words: readonly string[]) => Promise<string>,
): Promise<void> {
  const id = `Model ${name}`;
  const size = context_size === undefined ? [] : ["--context-size", String(context_size)];
  const flags = runtime_flags.length === 0 ? [] : ["--", ...runtime_flags];
  try {
    if (!there.includes(model)) {
      progress.report(id, "Pulling");
      if (!dryRun) await ask("pull", model);
    }
    progress.report(id, "Configuring");
    if (!dryRun) await ask("configure", ...size, model, ...flags);
  } catch (error) {
    progress.report(id, "Error", "error");
    throw error;
  }
  progress.report(id, "Configured", "done");
}

function variablesOf(service: Service, { project }: ApplyContext, endpoint: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(service.models ?? {}).flatMap(([key, { endpoint_var, model_var }]) => {
      const prefix = key.toUpperCase().replaceAll("-", "_");
      return [
        [endpoint_var ?? `${prefix}_URL`, endpoint],
        [model_var ?? `${prefix}_MODEL`, project.models.get(key)?.model ?? ""],
      ];
    }),
  );
}

function endpointOf(status: string): string {
  const { endpoint } = JSON.parse(status) as { readonly endpoint?: string };
  return endpoint ?? "";
}

function tagsOf(list: string): readonly string[] {
  const models = JSON.parse(list) as readonly { readonly tags?: readonly string[] }[];
  return models.flatMap(({ tags }) => tags ?? []);
}

import { alongDependencies } from "../apply/along-dependencies.ts";
import type { ApplyContext } from "../apply/context.ts";
import type { Project, Service } from "../load/project.ts";
import { ensureModels } from "./ensure-models.ts";
import { runProvider, type ProvidedVariables, type ProviderVerb } from "./run-provider.ts";

export interface Provided<C extends ApplyContext> {
  readonly context: C;
  readonly services: readonly Service[];
}

/**
 * Bring up what is left to others, models and services with a provider, and tell the services that use them where it is: the
 * same project and services with more variables in them.
 */
export async function provide<C extends ApplyContext>(
  context: C,
  services: readonly Service[],
  onWarning: (sentence: string) => void,
): Promise<Provided<C>> {
  const provided = new Map<string, ProvidedVariables>();
  const providing = services.filter(({ provider }) => provider !== undefined);
  const models = await ensureModels(context, services);
  if (providing.length === 0 && models.size === 0) return { context, services };
  await alongDependencies(
    providing.map(({ name }) => name),
    (name) => Object.keys(context.project.services.get(name)?.depends_on ?? {}),
    async (name) => {
      const service = context.project.services.get(name);
      if (service !== undefined) provided.set(name, await runProvider(context, service, "up"));
    },
  );
  const changed = (service: Service): Service => {
    const environment = { ...service.environment, ...models.get(service.name) };
    for (const name of Object.keys(service.depends_on)) {
      const told = provided.get(name);
      for (const [key, value] of told?.prefixed ?? []) environment[`${name.toUpperCase()}_${key}`] = value;
      for (const [key, value] of told?.raw ?? []) {
        if (environment[key] !== undefined && environment[key] !== value)
          onWarning(`provider "${name}" overrides environment variable "${key}" in service "${service.name}"`);
        environment[key] = value;
      }
    }
    return { ...service, environment };
  };
  const project: Project = {
    ...context.project,
    services: new Map([...context.project.services].map(([name, service]) => [name, changed(service)])),
  };
  return {
    context: { ...context, project },
    services: services.map((service) => project.services.get(service.name) ?? changed(service)),
  };
}

/** Take down or stop those of the services named that are left to others, those that depend on others first. */
export async function unprovide(
  context: ApplyContext,
  named: readonly string[],
  verb: Exclude<ProviderVerb, "up">,
): Promise<void> {
  const services = [...context.project.services.values()].filter(
    ({ name, provider }) => provider !== undefined && named.includes(name),
  );
  await alongDependencies(
    services.map(({ name }) => name),
    (name) => Object.keys(context.project.services.get(name)?.depends_on ?? {}),
    async (name) => {
      const service = context.project.services.get(name);
      if (service !== undefined) await runProvider(context, service, verb);
    },
    { reverse: true },
  );
}

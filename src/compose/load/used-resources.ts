import type { Project } from "./project.ts";

/** The project without networks, volumes, files and models that none of its enabled services uses. */
export function withoutUnused(project: Project): Project {
  const services = [...project.services.values()];
  const only = <R>(all: ReadonlyMap<string, R>, used: readonly string[]): ReadonlyMap<string, R> => {
    const names = new Set(used);
    return new Map([...all].filter(([key]) => names.has(key)));
  };
  return {
    ...project,
    networks: only(
      project.networks,
      services.flatMap(({ networks }) => Object.keys(networks)),
    ),
    volumes: only(
      project.volumes,
      services.flatMap(({ volumes = [] }) => volumes.flatMap(({ source }) => source ?? [])),
    ),
    configs: only(
      project.configs,
      services.flatMap(({ configs = [] }) => configs.map(({ source }) => source)),
    ),
    secrets: only(
      project.secrets,
      services.flatMap(({ secrets = [], build }) =>
        [...secrets, ...(build?.secrets ?? [])].map(({ source }) => source),
      ),
    ),
    models: only(
      project.models,
      services.flatMap(({ models = {} }) => Object.keys(models)),
    ),
  };
}

import { projectFile, type ProjectFile } from "../model/project.ts";
import { chooseServices } from "./choose-services.ts";
import { mistakeAt } from "../source/node.ts";
import { checkConsistency, placeOf } from "./check-consistency.ts";
import { normalizeService } from "./normalize-service.ts";
import { projectName } from "./project-name.ts";
import type { ConfigFile, Model, Network, Project, Resource, Service, Volume } from "./project.ts";
import { readEnvironment } from "./read-environment.ts";
import { readFiles, type ProjectReader } from "./read-files.ts";

export interface LoadOptions {
  /** Absolute, or `-`. */
  readonly files: readonly string[];
  /** Absolute. */
  readonly workingDirectory: string;
  /** By flag; empty when not given. */
  readonly name: string;
  readonly environmentFiles: readonly string[];
  /** They were named: the project tells of them. The folder's own goes without saying. */
  readonly namesEnvironmentFiles?: boolean;
  /** The person's shell. */
  readonly shell: Readonly<Record<string, string | undefined>>;
  /** `*` for all of them. */
  readonly profiles: readonly string[];
  /** Services named on the command line: they and what they depend on need no profile. */
  readonly services: readonly string[];
  readonly homeFolder: string;
  /** Where files of registries and git repositories are on this machine, by their addresses. */
  readonly fetched?: ReadonlyMap<string, string>;
  /** What the project is called when nobody says; its folder's name otherwise. */
  readonly defaultName?: string | undefined;
  /** Names as Compose before version 2 made them. */
  readonly compatibility?: boolean;
  readonly interpolate?: boolean;
  readonly resolvePaths?: boolean;
  readonly resolveEnvironment?: boolean;
  /** False leaves out what goes without saying: names, default networks, implied dependencies. */
  readonly normalize?: boolean;
  readonly consistency?: boolean;
}

/** Read a project. Throws `invalid-parameter` with file, line and key, `not-found` for missing files. */
export function loadProject(options: LoadOptions, reader: ProjectReader): Project {
  const warnings = new Set<string>();
  const shell = new Map(
    Object.entries(options.shell).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const environment = new Map(readEnvironment(options.environmentFiles, shell, reader));
  const given = {
    flag: options.name,
    environment: environment.get("COMPOSE_PROJECT_NAME"),
    folder: options.defaultName ?? options.workingDirectory,
  };
  // The file's own name is not known yet, but its values may use the name.
  const knownName = options.name || given.environment;
  if (knownName) environment.set("COMPOSE_PROJECT_NAME", knownName);
  const source = readFiles(
    options.files,
    { folder: options.workingDirectory, variables: environment, including: options.files },
    {
      readText: (path) => reader.readText(path),
      parse: (text, path) => reader.parse(text, path),
      homeFolder: options.homeFolder,
      interpolate: options.interpolate !== false,
      resolvePaths: options.resolvePaths !== false,
      fetched: options.fetched ?? new Map(),
      onWarning: (sentence) => warnings.add(sentence),
    },
  );
  const file = projectFile.value(source);
  const name = projectName({ ...given, file: file.name });
  environment.set("COMPOSE_PROJECT_NAME", name);
  if (file.version !== undefined)
    warnings.add(
      `${options.files.at(-1) ?? ""}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
    );
  const defaults = {
    readText: (path: string) => reader.readText(path),
    environment,
    readFiles: options.resolveEnvironment !== false,
    normalize: options.normalize !== false,
    missing: (service: string, key: string, sentence: string) =>
      mistakeAt(placeOf(source, ["services", service, key]), `services.${service}.${key}: ${sentence}`),
  };
  const services = new Map(
    Object.entries(file.services ?? {}).map(([service, model]) => [
      service,
      normalizeService(service, model, defaults),
    ]),
  );
  const { enabled, disabled } = chooseServices(services, options.profiles, options.services);
  const project: Project = {
    name,
    separator: options.compatibility === true ? "_" : "-",
    workingDirectory: options.workingDirectory,
    files: options.files,
    environmentFiles: options.namesEnvironmentFiles === true ? options.environmentFiles : [],
    environment,
    services: enabled,
    disabledServices: disabled,
    ...resources(options.normalize === false ? undefined : name, file, [...services.values()]),
    profiles: options.profiles,
    source,
    warnings: [...warnings],
  };
  if (options.consistency !== false) checkConsistency(project);
  return project;
}

/** Without the project's name nothing is named that has no name. */
function resources(
  project: string | undefined,
  file: ProjectFile,
  services: readonly Service[],
): Pick<Project, "networks" | "volumes" | "configs" | "secrets" | "models"> {
  const networks = named<Network>(project, file.networks);
  const usesDefault = services.some((service) => "default" in service.networks);
  if (usesDefault && !networks.has("default"))
    networks.set("default", { key: "default", name: `${project}_default`, external: false });
  return {
    networks,
    volumes: named<Volume>(project, file.volumes),
    configs: named<ConfigFile>(project, file.configs),
    secrets: named<ConfigFile>(project, file.secrets),
    models: new Map(Object.entries(file.models ?? {}).map(([key, model]): [string, Model] => [key, { ...model, key }])),
  };
}

interface Nameable {
  readonly name?: string;
  readonly external?: { readonly name?: string; readonly external?: boolean };
}

function named<R extends Resource>(
  project: string | undefined,
  written: Readonly<Record<string, Nameable>> | undefined,
): Map<string, R> {
  return new Map(
    Object.entries(written ?? {}).map(([key, { name, external, ...rest }]) => {
      const isExternal = external !== undefined && external.external !== false;
      const usualName = project === undefined ? undefined : isExternal ? key : `${project}_${key}`;
      const fullName = name ?? external?.name ?? usualName;
      return [key, { ...rest, key, name: fullName, external: isExternal } as unknown as R];
    }),
  );
}

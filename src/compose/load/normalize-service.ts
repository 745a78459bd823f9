import type { ServiceModel, ServiceNetwork } from "../model/service.ts";
import { parseDotenv, parseRawEnvironment } from "../source/parse-dotenv.ts";
import type { FileReader } from "./read-environment.ts";
import type { Dependency, Service } from "./project.ts";

export interface ServiceDefaults extends FileReader {
  readonly environment: ReadonlyMap<string, string>;
  /** False leaves `env_file` and `label_file` unread. */
  readonly readFiles: boolean;
  /** False leaves out what goes without saying. */
  readonly normalize: boolean;
  /** The mistake that a key of the service names a file that is not there. */
  missing(service: string, key: "env_file" | "label_file", sentence: string): Error;
}

/** Fill in what the specification lets people leave out of a service (05-services.md). */
export function normalizeService(name: string, model: ServiceModel, defaults: ServiceDefaults): Service {
  const { extends: _extends, depends_on: written, networks, environment: _environment, build, ...rest } = model;
  const { normalize } = defaults;
  const depends = dependencies(normalize ? model : {}, written ?? {});
  return {
    ...rest,
    name,
    depends_on: depends,
    networks: normalize ? joined(model, networks) : (networks ?? {}),
    environment: environmentOf(name, model, defaults),
    labels: { ...fileLabels(name, model, defaults), ...model.labels },
    ...(build === undefined
      ? {}
      : { build: normalize && build.dockerfile_inline === undefined ? { dockerfile: "Dockerfile", ...build } : build }),
    ...(model.pull_policy === "if_not_present" ? { pull_policy: "missing" } : {}),
  };
}

function joined(
  model: ServiceModel,
  networks: Readonly<Record<string, ServiceNetwork>> | undefined,
): Readonly<Record<string, ServiceNetwork>> {
  if (networks !== undefined) return networks;
  return model.network_mode === undefined && model.provider === undefined ? { default: {} } : {};
}

type WrittenDependencies = NonNullable<ServiceModel["depends_on"]>;

function dependencies(model: ServiceModel, written: WrittenDependencies): Readonly<Record<string, Dependency>> {
  const all: Record<string, Dependency> = {};
  for (const [service, { condition = "service_started", restart = false, required = true }] of Object.entries(written))
    all[service] = { condition, restart, required };
  const implied = (service: string, restart: boolean): void => {
    all[service] ??= { condition: "service_started", restart, required: true };
  };
  for (const link of model.links ?? []) implied(link.split(":")[0] ?? "", true);
  for (const mode of [model.network_mode, model.ipc, model.pid, model.uts, model.cgroup]) {
    const service = serviceOfMode(mode);
    if (service !== undefined) implied(service, true);
  }
  for (const from of model.volumes_from ?? []) {
    if (!from.startsWith("container:")) implied(from.split(":")[0] ?? "", false);
  }
  return all;
}

/** `service:NAME` of a namespace mode. */
export const serviceOfMode = (mode: string | undefined): string | undefined => /^service:(.+)$/u.exec(mode ?? "")?.[1];

function environmentOf(
  name: string,
  model: ServiceModel,
  defaults: ServiceDefaults,
): Readonly<Record<string, string | null>> {
  const found = new Map<string, string | null>();
  for (const file of defaults.readFiles ? (model.env_file ?? []) : []) {
    const text = defaults.readText(file.path);
    if (text === undefined) {
      if (file.required === false) continue;
      throw defaults.missing(name, "env_file", `env file ${file.path} not found`);
    }
    const known = (other: string): string | undefined =>
      defaults.environment.get(other) ?? found.get(other) ?? undefined;
    const values = file.format === "raw" ? parseRawEnvironment(text) : parseDotenv(text, file.path, known);
    for (const [key, value] of values) found.set(key, value);
  }
  for (const [key, value] of Object.entries(model.environment ?? {})) {
    if (value !== null) found.set(key, value);
    else {
      const own = defaults.environment.get(key);
      if (own !== undefined) found.set(key, own);
      else if (!found.has(key)) found.set(key, null);
    }
  }
  return Object.fromEntries(found);
}

function fileLabels(name: string, model: ServiceModel, defaults: ServiceDefaults): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const path of defaults.readFiles ? (model.label_file ?? []) : []) {
    const text = defaults.readText(path);
    if (text === undefined) throw defaults.missing(name, "label_file", `label file ${path} not found`);
    Object.assign(labels, Object.fromEntries(parseDotenv(text, path, () => undefined)));
  }
  return labels;
}

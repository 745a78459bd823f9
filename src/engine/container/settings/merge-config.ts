import type { ContainerConfig, HealthConfig } from "#spec/docker/container-config.ts";
import type { ContainerDefaults, HealthcheckConfig } from "#spec/oci/image.ts";

/** A container's config with the image's defaults put in, by Docker's rules. */
export function mergeConfig(given: ContainerConfig, image: ContainerDefaults = {}): ContainerConfig {
  return {
    ...given,
    ...commandOf(given, image),
    User: given.User || (image.User ?? ""),
    WorkingDir: given.WorkingDir || (image.WorkingDir ?? ""),
    StopSignal: given.StopSignal || (image.StopSignal ?? ""),
    ExposedPorts: keys(image.ExposedPorts, given.ExposedPorts),
    Volumes: keys(image.Volumes, given.Volumes),
    Env: environment(given.Env, image.Env),
    Labels: { ...image.Labels, ...given.Labels },
    Healthcheck: healthcheck(given.Healthcheck, image.Healthcheck),
  };
}

/**
 * A given entrypoint also hides the image's command; a given command keeps the image's entrypoint. `[""]` as entrypoint
 * means none at all.
 */
function commandOf(given: ContainerConfig, image: ContainerDefaults): Pick<ContainerConfig, "Entrypoint" | "Cmd"> {
  const reset = given.Entrypoint?.length === 1 && given.Entrypoint[0] === "";
  const ownEntrypoint = (given.Entrypoint ?? []).length > 0;
  const Cmd = (given.Cmd ?? []).length > 0 || ownEntrypoint ? given.Cmd : (image.Cmd ?? null);
  if (reset) return { Entrypoint: null, Cmd };
  return { Entrypoint: given.Entrypoint ?? image.Entrypoint ?? null, Cmd };
}

/** docker-compat: the given variables come first, then the image's that they do not replace. */
function environment(given: readonly string[] | null, image: readonly string[] | undefined): readonly string[] {
  const names = new Set((given ?? []).map((entry) => entry.split("=", 1)[0]));
  return [...(given ?? []), ...(image ?? []).filter((entry) => !names.has(entry.split("=", 1)[0]))];
}

function keys(
  ...sets: readonly (Readonly<Record<string, unknown>> | null | undefined)[]
): Readonly<Record<string, Readonly<Record<string, never>>>> | null {
  const names = sets.flatMap((set) => Object.keys(set ?? {}));
  return names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, {}]));
}

function healthcheck(
  given: HealthConfig | null | undefined,
  image: HealthcheckConfig | undefined,
): HealthConfig | null {
  if (image === undefined) return given ?? null;
  return {
    Test: (given?.Test ?? []).length > 0 ? (given?.Test ?? null) : (image.Test ?? null),
    Interval: given?.Interval || (image.Interval ?? 0),
    Timeout: given?.Timeout || (image.Timeout ?? 0),
    StartPeriod: given?.StartPeriod || (image.StartPeriod ?? 0),
    StartInterval: given?.StartInterval || (image.StartInterval ?? 0),
    Retries: given?.Retries || (image.Retries ?? 0),
  };
}

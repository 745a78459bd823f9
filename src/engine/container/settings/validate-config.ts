import { invalid } from "#base/errors.ts";
import { parseSignal } from "#spec/docker/signals.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import { validateHealthcheck } from "../../health/probe.ts";
import { parsePortKey } from "#spec/docker/port.ts";

/** The checks of a container's config that need no machine. `invalid-parameter` in Docker's words. */
export function validateConfig(config: ContainerConfig): void {
  if (config.WorkingDir !== "" && !config.WorkingDir.startsWith("/")) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  for (const variable of config.Env ?? []) {
    if (variable === "" || variable.startsWith("=")) throw invalid(`invalid environment variable: ${variable}`);
    if (variable.includes("\0")) throw invalid("invalid environment variable: contains a null byte");
  }
  for (const word of [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]) {
    if (word.includes("\0")) throw invalid("invalid command: contains a null byte");
  }
  if (config.StopSignal !== "") parseSignal(config.StopSignal);
  for (const key of Object.keys(config.ExposedPorts ?? {})) parsePortKey(key);
  validateHealthcheck(config.Healthcheck);
  if (config.Hostname.length > 64) throw invalid(`invalid hostname: ${config.Hostname}: must be at most 64 characters`);
}

import { BerthError } from "#base/errors.ts";
import { parseBytes } from "#base/units.ts";
import type { LogConfig } from "#spec/docker/host-config.ts";

/** How the shim keeps a container's output; undefined = it keeps none. */
export interface LogChoice {
  /** Number.MAX_SAFE_INTEGER = without limit. */
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
}

const known = new Set([
  "max-size",
  "max-file",
  "compress",
  "labels",
  "labels-regex",
  "env",
  "env-regex",
  "tag",
  "mode",
  "max-buffer-size",
]);

/**
 * The log driver and its options. `json-file` and `local` both mean the engine's record log, with each driver's own
 * defaults; `none` keeps nothing. `invalid-parameter` for unknown options and values, `not-implemented` for drivers and
 * options that are Docker's but not ours yet.
 */
export function chooseLog(config: LogConfig): LogChoice | undefined {
  const options = config.Config ?? {};
  if (config.Type === "none") return undefined;
  if (config.Type !== "json-file" && config.Type !== "local") {
    const forwarding = ["syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "gcplogs"];
    if (forwarding.includes(config.Type)) {
      throw new BerthError("not-implemented", `not supported by this engine yet: logging driver "${config.Type}"`);
    }
    throw new BerthError("invalid-parameter", `logger: no log driver named '${config.Type}' is registered`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!known.has(name))
      throw new BerthError("invalid-parameter", `unknown log opt '${name}' for ${config.Type} log driver`);
    if (name === "mode" && value !== "blocking" && value !== "") {
      throw new BerthError("not-implemented", `not supported by this engine yet: log opt mode=${value}`);
    }
    if (name === "compress" && value === "true") {
      throw new BerthError("not-implemented", "not supported by this engine yet: log opt compress=true");
    }
  }
  const local = config.Type === "local";
  const size = options["max-size"];
  const files = options["max-file"];
  const maxSizeBytes =
    size === undefined || size === "-1" ? (local ? 20 * 1024 * 1024 : Number.MAX_SAFE_INTEGER) : parseBytes(size);
  const maxFiles = files === undefined ? (local ? 5 : 1) : Number(files);
  if (!Number.isInteger(maxFiles) || maxFiles < 1) {
    throw new BerthError("invalid-parameter", "max-file cannot be less than 1");
  }
  if (maxFiles > 1 && maxSizeBytes === Number.MAX_SAFE_INTEGER) {
    throw new BerthError("invalid-parameter", "max-file option cannot be set without max-size");
  }
  return { maxSizeBytes, maxFiles };
}

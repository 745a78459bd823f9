import type { LinearRegexp } from "#base/regexp/linear-regexp.ts";
import { BerthError, invalid, messageOf } from "#base/errors.ts";
import { exists } from "#host/files/files.ts";
import type { LogConfig } from "#spec/docker/host-config.ts";
import { checkTag } from "../attributes.ts";
import { cacheNames, cachePlan, checkCache } from "./cache-options.ts";
import { fluentdOptions } from "./fluentd-options.ts";
import { gelfOptions } from "./gelf-options.ts";
import { parsePattern, sizeOf } from "./go-values.ts";
import { jsonFilePlan, localPlan } from "./file-options.ts";
import type { LogOptions } from "./log-options.ts";
import type { AttributeSelection, LogPlan, LogStorePlan, ReceiverPlan } from "./log-plan.ts";
import { syslogOptions } from "./syslog-options.ts";

interface Driver {
  /** Options besides mode, max-buffer-size and the cache's. */
  readonly names: readonly string[];
  /** What Docker refuses when the container is created; the rest of {@link plan} it refuses at the start. */
  check?(options: LogOptions): void;
  plan(options: LogOptions): { readonly store: LogStorePlan; readonly receiver?: ReceiverPlan };
}

/** Of every driver. */
const commonNames: ReadonlySet<string> = new Set(["mode", "max-buffer-size", ...cacheNames]);
const selectionNames = ["labels", "labels-regex", "env", "env-regex", "tag"];
const fileNames = ["max-size", "max-file", "compress", ...selectionNames];
const forwarding = (names: readonly string[], read: (options: LogOptions) => ReceiverPlan): Driver => ({
  names: [...names, ...selectionNames],
  check: (options) => void read(options),
  plan: (options) => ({ store: cachePlan(options), receiver: read(options) }),
});

const drivers: Readonly<Record<string, Driver>> = {
  "json-file": { names: fileNames, plan: (options) => ({ store: jsonFilePlan(options) }) },
  local: { names: fileNames, plan: (options) => ({ store: localPlan(options) }) },
  syslog: forwarding(
    [
      "syslog-address",
      "syslog-facility",
      "syslog-format",
      "syslog-tls-ca-cert",
      "syslog-tls-cert",
      "syslog-tls-key",
      "syslog-tls-skip-verify",
    ],
    (options) => ({ driver: "syslog", ...syslogOptions(options) }),
  ),
  journald: forwarding([], () => ({ driver: "journald" })),
  gelf: forwarding(
    [
      "gelf-address",
      "gelf-compression-type",
      "gelf-compression-level",
      "gelf-tcp-max-reconnect",
      "gelf-tcp-reconnect-delay",
    ],
    (options) => ({ driver: "gelf", ...gelfOptions(options) }),
  ),
  fluentd: forwarding(
    [
      "fluentd-address",
      "fluentd-async",
      "fluentd-async-connect",
      "fluentd-async-reconnect-interval",
      "fluentd-buffer-limit",
      "fluentd-max-retries",
      "fluentd-read-timeout",
      "fluentd-request-ack",
      "fluentd-retry-wait",
      "fluentd-sub-second-precision",
      "fluentd-write-timeout",
    ],
    (options) => ({ driver: "fluentd", ...fluentdOptions(options) }),
  ),
};

/** Docker's drivers that this engine does not have. */
const missing: ReadonlySet<string> = new Set(["awslogs", "splunk", "gcplogs", "etwlogs"]);

export const logDriverNames: readonly string[] = [...Object.keys(drivers), "none"].sort();

/** Prefix of what Docker says when a driver cannot be started. */
export const initializePrefix = "failed to initialize logging driver: ";

/**
 * Understand a container's log options. `invalid-parameter` in Docker's words for what is wrong with them; what Docker
 * finds at the start only is found here too, in the words it has then. `not-implemented` for drivers that are Docker's
 * but not ours.
 */
export function planLog(config: LogConfig): LogPlan {
  const options = config.Config ?? {};
  if (config.Type === "none") return { store: undefined, readable: false, selection: nothing, receiver: undefined };
  if (missing.has(config.Type)) {
    throw new BerthError("not-implemented", `not supported by this engine yet: logging driver "${config.Type}"`);
  }
  const driver = drivers[config.Type];
  if (driver === undefined) {
    throw invalid(`error looking up logging plugin ${config.Type}: plugin "${config.Type}" not found`);
  }
  checkMode(options);
  checkCache(options);
  refuseUnknown(config.Type, driver, options);
  driver.check?.(options);
  try {
    const { store, receiver } = driver.plan(options);
    const hold = receiver !== undefined && options["mode"] === "blocking";
    const readable = receiver === undefined || options["cache-disabled"] !== "true";
    return { store: { ...store, hold }, readable, selection: selectionOf(options), receiver };
  } catch (error) {
    throw invalid(`${initializePrefix}${messageOf(error)}`);
  }
}

/** {@link planLog} for a new container: also looks whether there is what the options name. */
export function checkLog(config: LogConfig): void {
  const { receiver } = planLog(config);
  const path = receiver?.driver === "syslog" && "path" in receiver.address ? receiver.address.path : undefined;
  if (path !== undefined && !exists(path)) throw invalid(`stat ${path}: no such file or directory`);
}

function checkMode(options: LogOptions): void {
  const mode = options["mode"] ?? "";
  if (mode !== "" && mode !== "blocking" && mode !== "non-blocking") {
    throw invalid(`logger: logging mode not supported: ${mode}`);
  }
  const size = options["max-buffer-size"];
  if (size === undefined) return;
  if (mode !== "non-blocking") {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  sizeOf(size, "error parsing option max-buffer-size: ");
}

function refuseUnknown(type: string, driver: Driver, options: LogOptions): void {
  for (const name of Object.keys(options)) {
    if (driver.names.includes(name) || commonNames.has(name)) continue;
    // docker-compat: this one driver says it the other way round.
    throw invalid(`unknown log opt '${name}' for ${type === "local" ? "log driver local" : `${type} log driver`}`);
  }
}

const nothing: AttributeSelection = {
  labels: [],
  labelsRegex: undefined,
  env: [],
  envRegex: undefined,
  tag: undefined,
};

function selectionOf(options: LogOptions): AttributeSelection {
  const names = (text: string | undefined): string[] => (text ?? "").split(",").filter((name) => name !== "");
  const pattern = (text: string | undefined): LinearRegexp | undefined =>
    text === undefined || text === "" ? undefined : parsePattern(text);
  const tag = options["tag"];
  if (tag !== undefined) checkTag(tag);
  return {
    labels: names(options["labels"]),
    labelsRegex: pattern(options["labels-regex"]),
    env: names(options["env"]),
    envRegex: pattern(options["env-regex"]),
    tag,
  };
}

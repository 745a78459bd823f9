import { invalid } from "#base/errors.ts";
import type { LogLevel } from "#base/log.ts";
import type { OptionValues } from "../option-values.ts";
import { oneOf } from "./checked-value.ts";

/** docker-compat: logrus' names; what lies beyond this engine's four is the nearest of them. */
const levels: Readonly<Record<string, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  fatal: "error",
  panic: "error",
};

export function logSettings(values: OptionValues) {
  const wanted = (values.text("log-level") || "info").toLowerCase();
  const level = Object.hasOwn(levels, wanted) ? levels[wanted] : undefined;
  if (level === undefined) throw invalid(`invalid logging level: ${values.text("log-level")}`);
  const debug = values.on("debug");
  const format = values.text("log-format") || "text";
  return {
    debug,
    logLevel: debug ? "debug" : level,
    logFormat: oneOf(["text", "json"] as const, format, `invalid log format: ${format}`),
    ...containerLogs(values.text("log-driver"), values.map<string>("log-opt")),
  };
}

/** What json-file is given when nobody says how much it may keep: Docker's default grows until the disk is full. */
const bounds = { "max-size": "20m", "max-file": "5", compress: "true" } as const;

function containerLogs(driver: string, given: Readonly<Record<string, string>>) {
  const logDriver = driver || "json-file";
  const bounded = logDriver === "json-file" && given["max-size"] === undefined && given["max-file"] === undefined;
  return { logDriver, logOptions: bounded ? { ...bounds, ...given } : given };
}

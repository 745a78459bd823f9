import type { LogLevel } from "#base/log.ts";
import type { OptionValues } from "../option-values.ts";
import { badSetting, oneOf } from "./bad-setting.ts";

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
  if (level === undefined) throw badSetting(`invalid logging level: ${values.text("log-level")}`);
  const debug = values.on("debug");
  const format = values.text("log-format") || "text";
  return {
    debug,
    logLevel: debug ? "debug" : level,
    logFormat: oneOf(["text", "json"] as const, format, `invalid log format: ${format}`),
    logDriver: values.text("log-driver") || "local",
    logOptions: values.map<string>("log-opt"),
  };
}

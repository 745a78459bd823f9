import { quoteGo } from "#base/quote-go.ts";
import { parseDuration } from "#base/units.ts";
import { wrong } from "../dockerfile-error.ts";
import type { HealthcheckInstruction } from "../types.ts";
import type { Flags } from "./flags.ts";
import { commandOf, flagsOf, type InstructionRequest } from "./request.ts";

const MILLISECOND = 1_000_000;

/** `[flags] CMD …`, or `NONE`. */
export function parseHealthcheck(request: InstructionRequest): HealthcheckInstruction {
  const [, word = "", rest = ""] = /^(\S*)\s*([\s\S]*)$/.exec(request.rest) ?? [];
  if (word === "") throw wrong("HEALTHCHECK requires at least one argument");
  const type = word.toUpperCase();
  if (type === "NONE") {
    if (rest !== "") throw wrong("HEALTHCHECK NONE takes no arguments");
    return { kind: "healthcheck", ...request.base, check: { Test: ["NONE"] } };
  }
  const flags = flagsOf(request, {
    interval: "text",
    timeout: "text",
    "start-period": "text",
    "start-interval": "text",
    retries: "text",
  });
  if (type !== "CMD") throw wrong(`Unknown type ${quoteGo(type)} in HEALTHCHECK (try CMD)`);
  const command = commandOf(rest, []);
  const words = command.form === "exec" ? command.words : command.script === "" ? [] : [command.script];
  if (words.length === 0) throw wrong("Missing command after HEALTHCHECK CMD");
  const check = {
    Test: [command.form === "exec" ? "CMD" : "CMD-SHELL", ...words],
    Interval: durationOf(flags, "interval"),
    Timeout: durationOf(flags, "timeout"),
    StartPeriod: durationOf(flags, "start-period"),
    StartInterval: durationOf(flags, "start-interval"),
    Retries: retriesOf(flags.text("retries")),
  };
  return { kind: "healthcheck", ...request.base, check };
}

/** Nanoseconds; 0 when not given. */
function durationOf(flags: Flags, name: string): number {
  const text = flags.text(name);
  if (text === "") return 0;
  const nanoseconds = Number(parseDuration(text));
  if (nanoseconds !== 0 && nanoseconds < MILLISECOND) throw wrong(`Interval ${quoteGo(name)} cannot be less than 1ms`);
  return nanoseconds;
}

function retriesOf(text: string): number {
  if (text === "") return 0;
  if (!/^[-+]?[0-9]+$/.test(text)) throw wrong(`strconv.ParseInt: parsing ${quoteGo(text)}: invalid syntax`);
  const retries = Number(text);
  if (Math.abs(retries) >= 2 ** 31) throw wrong(`strconv.ParseInt: parsing ${quoteGo(text)}: value out of range`);
  if (retries < 0) throw wrong(`--retries cannot be negative (${retries})`);
  return retries;
}

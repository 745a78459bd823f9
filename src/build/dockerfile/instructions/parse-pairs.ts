import { quoteGo } from "#base/quote-go.ts";
import { malformed, wrong } from "../dockerfile-error.ts";
import { descriptionOf } from "../description.ts";
import { splitQuotedWords } from "../lines/split-line.ts";
import type { ArgInstruction, EnvInstruction, KeyValue, LabelInstruction } from "../types.ts";
import { atLeastOne, flagsOf, type InstructionRequest } from "./request.ts";

export function parseEnv(request: InstructionRequest): EnvInstruction {
  return { kind: "env", ...request.base, pairs: pairsOf(request, "ENV") };
}

export function parseLabel(request: InstructionRequest): LabelInstruction {
  return { kind: "label", ...request.base, pairs: pairsOf(request, "LABEL") };
}

export function parseArg(request: InstructionRequest): ArgInstruction {
  const words = atLeastOne(splitQuotedWords(request.rest, request.escape), "ARG");
  const args = words.map((word) => {
    const equals = word.indexOf("=");
    if (equals === 0) throw wrong("ARG names can not be blank");
    const key = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    return { key, value, description: descriptionOf(request.base.comments, key) };
  });
  return { kind: "arg", ...request.base, args };
}

/** `name=value …`, or the old form of one name and the rest of the line. */
function pairsOf(request: InstructionRequest, instruction: string): readonly KeyValue[] {
  const words = splitQuotedWords(request.rest, request.escape);
  const pairs = (words[0] ?? "=").includes("=") ? words.map(newForm) : [oldForm(request.rest, instruction)];
  flagsOf(request);
  if (pairs.some(({ key }) => key === "")) throw wrong(`${instruction} names can not be blank`);
  return atLeastOne(pairs, instruction);
}

function newForm(word: string): KeyValue {
  const equals = word.indexOf("=");
  if (equals < 0)
    throw malformed(
      `Syntax error - can't find = in ${quoteGo(word)}. Must be of the form: name=value`,
      "put a value that has blanks in quotes",
    );
  return { key: word.slice(0, equals), value: word.slice(equals + 1), oldForm: false };
}

function oldForm(rest: string, instruction: string): KeyValue {
  const match = /^([^\t\v\f\r ]*)[\t\v\f\r ]+([\s\S]*)$/.exec(rest);
  if (match === null) throw malformed(`${instruction} must have two arguments`, `write ${instruction} name=value`);
  return { key: match[1] ?? "", value: match[2] ?? "", oldForm: true };
}

import { wrong } from "../dockerfile-error.ts";
import { splitLine } from "../lines/split-line.ts";
import type { OnbuildInstruction } from "../types.ts";
import { flagsOf, type InstructionRequest } from "./request.ts";

/** The trigger stays a text: it is read again where it is carried out. */
export function parseOnbuild(request: InstructionRequest): OnbuildInstruction {
  if (request.rest === "") throw wrong("ONBUILD requires at least one argument");
  flagsOf(request);
  const name = splitLine(request.rest, request.escape).keyword.toUpperCase();
  if (name === "ONBUILD") throw wrong("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (name === "MAINTAINER" || name === "FROM") throw wrong(`${name} isn't allowed as an ONBUILD trigger`);
  const trigger = request.line.text.replace(/^\s*ONBUILD\s*/i, "");
  const heredocs = request.line.heredocs.map(({ name, content }) => `\n${content}${name}`);
  return { kind: "onbuild", ...request.base, trigger: trigger + heredocs.join("") };
}

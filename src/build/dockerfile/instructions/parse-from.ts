import { quoteGo } from "#base/quote-go.ts";
import { wrong } from "../dockerfile-error.ts";
import { splitBlanks } from "../lines/split-line.ts";
import type { FromInstruction } from "../types.ts";
import { flagsOf, type InstructionRequest } from "./request.ts";

/** `FROM [--platform=…] base [AS name]`. */
export function parseFrom(request: InstructionRequest): FromInstruction {
  const [base, as, writtenStageName, ...more] = splitBlanks(request.rest);
  const isNamed = as?.toLowerCase() === "as" && writtenStageName !== undefined && more.length === 0;
  if (base === undefined || (as !== undefined && !isNamed))
    throw wrong("FROM requires either one or three arguments", "FROM image, or FROM image AS name");
  const stageName = isNamed ? writtenStageName.toLowerCase() : undefined;
  if (stageName !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(stageName))
    throw wrong(
      `invalid name for build stage: ${quoteGo(writtenStageName ?? "")}, name can't start with a number or contain symbols`,
    );
  const platform = flagsOf(request, { platform: "text" }).text("platform");
  return { kind: "from", ...request.base, base, stageName, writtenStageName, as, platform };
}

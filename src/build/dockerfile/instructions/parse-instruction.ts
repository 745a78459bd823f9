import { wrong } from "../dockerfile-error.ts";
import { splitLine } from "../lines/split-line.ts";
import type { LogicalLine } from "../lines/read-lines.ts";
import { suggest } from "../suggest.ts";
import type { Instruction } from "../types.ts";
import { parseAdd, parseCopy } from "./parse-copy.ts";
import { parseFrom } from "./parse-from.ts";
import { parseHealthcheck } from "./parse-healthcheck.ts";
import { parseOnbuild } from "./parse-onbuild.ts";
import { parseArg, parseEnv, parseLabel } from "./parse-pairs.ts";
import { parseRun } from "./parse-run.ts";
import {
  parseCmd,
  parseEntrypoint,
  parseExpose,
  parseMaintainer,
  parseShell,
  parseStopsignal,
  parseUser,
  parseVolume,
  parseWorkdir,
} from "./parse-settings.ts";
import type { InstructionRequest } from "./request.ts";

const parsers: Readonly<Record<Instruction["kind"], (request: InstructionRequest) => Instruction>> = {
  add: parseAdd,
  arg: parseArg,
  cmd: parseCmd,
  copy: parseCopy,
  entrypoint: parseEntrypoint,
  env: parseEnv,
  expose: parseExpose,
  from: parseFrom,
  healthcheck: parseHealthcheck,
  label: parseLabel,
  maintainer: parseMaintainer,
  onbuild: parseOnbuild,
  run: parseRun,
  shell: parseShell,
  stopsignal: parseStopsignal,
  user: parseUser,
  volume: parseVolume,
  workdir: parseWorkdir,
};

/** One line's instruction. `invalid-parameter` in BuildKit's words, without the place. */
export function parseInstruction(line: LogicalLine, escape: string): Instruction {
  const { keyword, flags, rest } = splitLine(line.text, escape);
  const name = keyword.toLowerCase();
  if (!isKind(name)) throw unknownInstruction(keyword);
  const base = { original: line.text.trim(), keyword, range: line.range, comments: line.comments };
  return parsers[name]({ base, line, flagWords: flags, rest, escape });
}

function isKind(name: string): name is Instruction["kind"] {
  return Object.hasOwn(parsers, name);
}

function unknownInstruction(keyword: string): Error {
  const names = Object.keys(parsers).map((name) => name.toUpperCase());
  const near = suggest(keyword, names, true);
  return wrong(
    `unknown instruction: ${keyword}${near === undefined ? "" : ` (did you mean ${near}?)`}`,
    "a line that belongs to the one above needs the escape character at that one's end",
  );
}

import { wrong } from "../dockerfile-error.ts";
import { readJsonForm } from "../lines/json-form.ts";
import type { LogicalLine } from "../lines/read-lines.ts";
import type { CommandLine, Heredoc, SourceRange } from "../types.ts";
import { parseFlags, type FlagKinds, type Flags } from "./flags.ts";

/** One line on its way to become an instruction. */
export interface InstructionRequest {
  /** Fields that every instruction has. */
  readonly base: {
    readonly original: string;
    readonly keyword: string;
    readonly range: SourceRange;
    readonly comments: readonly string[];
  };
  readonly line: LogicalLine;
  readonly flagWords: readonly string[];
  readonly rest: string;
  readonly escape: string;
}

export function flagsOf({ flagWords }: InstructionRequest, kinds: FlagKinds = {}): Flags {
  return parseFlags(flagWords, kinds);
}

/** The one text behind an instruction's name. */
export function oneArgument({ rest }: InstructionRequest, name: string): string {
  if (rest === "") throw wrong(`${name} requires exactly one argument`);
  return rest;
}

export function atLeastOne<T>(values: readonly T[], name: string): readonly T[] {
  if (values.length === 0) throw wrong(`${name} requires at least one argument`);
  return values;
}

/** A command in exec or shell form. */
export function commandOf(rest: string, heredocs: readonly Heredoc[]): CommandLine {
  const json = readJsonForm(rest);
  return json.form === "json" ? { form: "exec", words: json.words } : { form: "shell", script: rest, heredocs };
}

import type { ArgumentRule } from "#cli/command.ts";
import type { FlagSpec } from "#cli/flags/flag-kind.ts";
import { dryRun } from "./shared-flags.ts";
import type { ComposeHandler, Subcommand } from "./subcommand.ts";

const any: ArgumentRule = { kind: "at-least", count: 0 };
export const none: ArgumentRule = { kind: "none" };
export const atLeast = (count: number): ArgumentRule => ({ kind: "at-least", count });
export const exactly = (count: number): ArgumentRule => ({ kind: "exactly", count });

interface Row {
  readonly usage?: string;
  readonly flags?: readonly FlagSpec[];
  readonly args?: ArgumentRule;
  readonly aliases?: readonly string[];
  readonly interspersed?: boolean;
  readonly hidden?: boolean;
  readonly load: () => Promise<ComposeHandler>;
}

/** A subcommand, with what most of them have filled in. */
export function row(
  name: string,
  summary: string,
  { usage = "[OPTIONS] [SERVICE...]", flags = [], args = any, ...rest }: Row,
): Subcommand {
  return { name, summary, usage, flags: [...flags, dryRun], args, ...rest };
}

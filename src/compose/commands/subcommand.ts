import type { Invocation, ArgumentRule } from "#cli/command.ts";
import type { FlagSpec } from "#cli/flags/flag-kind.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";

/** What a subcommand of `compose` works with: `invocation.flags` and `.args` are its own. */
export interface ComposeInvocation extends Invocation {
  /** Those between `compose` and the subcommand. */
  readonly global: FlagValues;
  /** Another line behind `compose`, with its flags. */
  readonly again: (global: FlagValues, args: readonly string[]) => Promise<number>;
}

export type ComposeHandler = (invocation: ComposeInvocation) => Promise<number>;

/** A command below `compose`, as data; its name may be several words: `bridge convert`. */
export interface Subcommand {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly usage: string;
  readonly summary: string;
  /** Not in lists. */
  readonly hidden?: boolean;
  readonly flags: readonly FlagSpec[];
  readonly args: ArgumentRule;
  /** False: flags end at the first word. */
  readonly interspersed?: boolean;
  readonly load: () => Promise<ComposeHandler>;
}

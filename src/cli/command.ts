import type { CliIo } from "./cli-io.ts";
import type { CliConfig } from "./config/cli-config.ts";
import type { EngineConnection } from "./engine-connection.ts";
import type { FlagSpec } from "./flags/flag-kind.ts";
import type { FlagValues } from "./flags/flag-values.ts";

/** How many words may follow the flags. */
export type ArgumentRule =
  | { readonly kind: "none" }
  /** After a first word that begins with `unless` any number may follow. */
  | { readonly kind: "exactly"; readonly count: number; readonly unless?: string }
  | { readonly kind: "at-least"; readonly count: number }
  | { readonly kind: "at-most"; readonly count: number }
  | { readonly kind: "between"; readonly least: number; readonly most: number };

/** Everything a handler works with. */
export interface Invocation extends EngineConnection {
  readonly io: CliIo;
  readonly flags: FlagValues;
  readonly args: readonly string[];
  /** The command as the person may call it for help: `berth run`. */
  readonly commandPath: string;
  /** Every command of this program. */
  readonly families: readonly CommandFamily[];
  readonly clientVersion: string;
  readonly clientBuild: { readonly gitCommit: string; readonly buildTime: string };
  readonly config: CliConfig;
}

/** Resolves to the exit code. */
export type Handler = (invocation: Invocation) => Promise<number>;

/** A command as data. The handler's module is loaded when the command runs, so that starting stays quick. */
export interface Command {
  readonly kind: "command";
  /** Every way to call it, words after the program's name: `container run`, `run`. Shown as "Aliases" when several. */
  readonly paths: readonly [string, ...string[]];
  /** What follows the path in the usage line. */
  readonly usage: string;
  readonly summary: string;
  /** Instead of the summary in its own help. */
  readonly description?: string;
  /** Instead of the description, where it takes more than the command table should hold. */
  readonly describe?: () => Promise<string>;
  readonly examples?: string;
  readonly flags: readonly FlagSpec[];
  readonly args: ArgumentRule;
  /** False: flags end at the first word (`run IMAGE -x`). */
  readonly interspersed?: boolean;
  readonly hidden?: boolean;
  /** The Engine API that has it; asked for before the handler runs. */
  readonly sinceApi?: string;
  /** Of a command that has commands of its own, for who completes its line. */
  readonly nested?: {
    readonly commands: () => Promise<readonly NestedCommand[]>;
    /** What the arguments of those commands name; `flags` are the outer command's. */
    readonly names: (line: { readonly io: CliIo; readonly flags: FlagValues }) => Promise<readonly string[]>;
  };
  readonly load: () => Promise<Handler>;
}

/** A command below another that reads its line itself. */
export interface NestedCommand {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly flags: readonly FlagSpec[];
  readonly interspersed?: boolean;
}

/** A family of commands: `container`, `image`, `system`. */
export interface CommandGroup {
  readonly kind: "group";
  readonly path: string;
  readonly summary: string;
  /** docker-compat: what the complaint about an unknown word shows after the path; nothing for most families. */
  readonly usage?: string;
}

/** Commands in one table, which is loaded when one of them is asked for: a command starts without the flags of the others. */
export interface CommandFamily {
  /**
   * The first words of the paths in the table, with the summary of those that are commands themselves, "" for groups and
   * for what is hidden: the program's help lists them without the tables. Another family may have some of them too.
   */
  readonly words: Readonly<Record<string, string>>;
  readonly load: () => Promise<readonly Command[]>;
}

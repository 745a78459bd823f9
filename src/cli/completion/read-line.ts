import type { Command, CommandGroup, NestedCommand } from "../command.ts";
import type { FlagSpec } from "../flags/flag-kind.ts";

/** What the words in front of the cursor have already said. */
export interface ReadLine {
  /** Words of a path that is not a command's yet: empty, or a family's. */
  readonly prefix: string;
  readonly command: Command | undefined;
  /** One of the command's own, as `up` of `compose`. */
  readonly nested: NestedCommand | undefined;
  /** Words of a nested command that has no name yet: `bridge` of `bridge convert`. */
  readonly nestedPrefix: string;
  readonly args: readonly string[];
  /** The flag whose value the cursor's word is. */
  readonly pending: FlagSpec | undefined;
  /** No flag may stand here. */
  readonly flagsOver: boolean;
  /** The flags that may. */
  readonly flags: readonly FlagSpec[];
  /** Words of the command's own line in front of a nested command. */
  readonly outer: readonly string[];
}

export interface LineGrammar {
  readonly globalFlags: readonly FlagSpec[];
  readonly commands: readonly Command[];
  readonly groups: readonly CommandGroup[];
}

/** Reads the finished words of a command line, without complaint: what is wrong is for the command to say. */
export async function readLine(words: readonly string[], grammar: LineGrammar): Promise<ReadLine> {
  const reader = new LineReader(grammar);
  for (const word of words) await reader.take(word);
  return reader.result();
}

class LineReader {
  readonly #grammar: LineGrammar;
  #flags: readonly FlagSpec[];
  #prefix = "";
  #command: Command | undefined;
  #nested: NestedCommand | undefined;
  #nestedPrefix = "";
  #args: string[] = [];
  #outer: string[] = [];
  #pending: FlagSpec | undefined;
  #flagsOver = false;

  constructor(grammar: LineGrammar) {
    this.#grammar = grammar;
    this.#flags = grammar.globalFlags;
  }

  async take(word: string): Promise<void> {
    if (this.#command?.nested !== undefined && this.#nested === undefined) this.#outer.push(word);
    if (this.#pending !== undefined) this.#pending = undefined;
    else if (!this.#flagsOver && word === "--") this.#flagsOver = true;
    else if (!this.#flagsOver && word.length > 1 && word.startsWith("-")) this.#pending = this.#flagOf(word);
    else await this.#positional(word);
  }

  result(): ReadLine {
    return {
      prefix: this.#prefix,
      command: this.#command,
      nested: this.#nested,
      nestedPrefix: this.#nestedPrefix,
      args: this.#args,
      pending: this.#pending,
      flagsOver: this.#flagsOver,
      flags: this.#flags,
      outer: this.#outer,
    };
  }

  /** The flag that waits for its value in the next word. */
  #flagOf(word: string): FlagSpec | undefined {
    if (word.startsWith("--")) {
      if (word.includes("=")) return undefined;
      return needingValue(this.#flags.find(({ name }) => name === word.slice(2)));
    }
    for (const [at, letter] of Array.from(word.slice(1)).entries()) {
      const flag = this.#flags.find(({ short }) => short === letter);
      if (needingValue(flag) !== undefined) return at === word.length - 2 ? flag : undefined;
    }
    return undefined;
  }

  async #positional(word: string): Promise<void> {
    if (this.#command === undefined) return this.#pathWord(word);
    const { nested } = this.#command;
    if (nested !== undefined && this.#nested === undefined) {
      this.#outer.pop();
      const path = this.#nestedPrefix === "" ? word : `${this.#nestedPrefix} ${word}`;
      const commands = await nested.commands();
      this.#nested = commands.find(({ name, aliases }) => name === path || aliases?.includes(path));
      if (this.#nested === undefined) this.#nestedPrefix = path;
      this.#flags = this.#nested?.flags ?? [];
      return;
    }
    this.#args.push(word);
    if ((this.#nested ?? this.#command).interspersed === false) this.#flagsOver = true;
  }

  #pathWord(word: string): void {
    const path = this.#prefix === "" ? word : `${this.#prefix} ${word}`;
    const { commands } = this.#grammar;
    this.#command = commands.find(({ paths }) => paths.includes(path));
    if (this.#command === undefined) this.#prefix = path;
    else this.#flags = this.#command.flags;
  }
}

function needingValue(flag: FlagSpec | undefined): FlagSpec | undefined {
  return flag?.kind.bareText === undefined ? flag : undefined;
}

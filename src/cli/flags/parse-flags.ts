import { invalid, messageOf } from "#base/errors.ts";
import type { FlagSpec } from "./flag-kind.ts";
import { FlagValues, initialValues } from "./flag-values.ts";

export interface ParsedFlags {
  readonly flags: FlagValues;
  readonly args: readonly string[];
  /** `--help` was asked for; nothing else was checked after it. */
  readonly help: boolean;
  /** Sentences about deprecated spellings, to be shown to the person. */
  readonly warnings: readonly string[];
}

/**
 * Reads arguments as docker's flag library does: `--flag=value`, `--flag value`, clusters of short flags with an
 * attached value (`-itw/x`, `-e=A`), `--` ends the flags. Without `interspersed` the first other word ends them too.
 * Mistakes are `invalid-parameter` errors in that library's words.
 */
export function parseFlags(
  argv: readonly string[],
  specs: readonly FlagSpec[],
  options: { readonly interspersed: boolean },
): ParsedFlags {
  const reader = new FlagReader(argv, specs);
  reader.run(options.interspersed);
  return {
    flags: new FlagValues(reader.values, reader.changed),
    args: reader.args,
    help: reader.help,
    warnings: reader.warnings,
  };
}

class FlagReader {
  readonly values: Map<string, unknown>;
  readonly changed = new Set<string>();
  readonly args: string[] = [];
  readonly warnings: string[] = [];
  help = false;
  readonly #rest: string[];
  readonly #byName = new Map<string, FlagSpec>();
  readonly #byShort = new Map<string, FlagSpec>();

  constructor(argv: readonly string[], specs: readonly FlagSpec[]) {
    this.#rest = [...argv];
    this.values = initialValues(specs);
    for (const spec of specs) {
      this.#byName.set(spec.name, spec);
      if (spec.short !== undefined) this.#byShort.set(spec.short, spec);
    }
  }

  run(interspersed: boolean): void {
    while (this.#rest.length > 0 && !this.help) {
      const word = this.#rest.shift() as string;
      if (word === "--") {
        this.args.push(...this.#rest);
        return;
      }
      if (word.length < 2 || !word.startsWith("-")) {
        this.args.push(word);
        if (interspersed) continue;
        this.args.push(...this.#rest);
        return;
      }
      if (word.startsWith("--")) this.#long(word);
      else this.#cluster(word);
    }
  }

  #long(word: string): void {
    const body = word.slice(2);
    if (body === "" || body.startsWith("-") || body.startsWith("=")) throw invalid(`bad flag syntax: ${word}`);
    const equals = body.indexOf("=");
    const name = equals === -1 ? body : body.slice(0, equals);
    const spec = this.#byName.get(name);
    if (spec === undefined) {
      if (name === "help") this.help = true;
      else throw invalid(`unknown flag: --${name}`);
      return;
    }
    if (equals !== -1) this.#set(spec, body.slice(equals + 1));
    else if (spec.kind.bareText !== undefined) this.#set(spec, spec.kind.bareText);
    else {
      const value = this.#rest.shift();
      if (value === undefined) throw invalid(`flag needs an argument: --${name}`);
      this.#set(spec, value);
    }
  }

  #cluster(word: string): void {
    let letters = word.slice(1);
    while (letters !== "" && !this.help) {
      const letter = letters[0] as string;
      const after = letters.slice(1);
      const spec = this.#byShort.get(letter);
      if (spec === undefined) {
        if (letter !== "h") throw invalid(`unknown shorthand flag: '${letter}' in -${letters}`);
        this.warnings.push("Flag shorthand -h has been deprecated, use --help");
        this.help = true;
        return;
      }
      if (after.startsWith("=") && after.length > 1) {
        this.#set(spec, after.slice(1));
        return;
      }
      if (spec.kind.bareText !== undefined) {
        this.#set(spec, spec.kind.bareText);
        letters = after;
        continue;
      }
      const value = after === "" ? this.#rest.shift() : after;
      if (value === undefined) throw invalid(`flag needs an argument: '${letter}' in -${letters}`);
      this.#set(spec, value);
      return;
    }
  }

  #set(given: FlagSpec, value: string): void {
    const spec = given.aliasOf === undefined ? given : this.#byName.get(given.aliasOf);
    if (spec === undefined) throw new Error(`--${given.name} stands for a flag that is not there`);
    try {
      this.values.set(spec.name, spec.kind.accept(this.values.get(spec.name), value));
    } catch (error) {
      const spelled = given.short === undefined ? `--${given.name}` : `-${given.short}, --${given.name}`;
      throw invalid(`invalid argument ${quote(value)} for "${spelled}" flag: ${messageOf(error)}`);
    }
    this.changed.add(spec.name);
    if (given.deprecated !== undefined)
      this.warnings.push(`Flag --${given.name} has been deprecated, ${given.deprecated}`);
  }
}

function quote(value: string): string {
  return JSON.stringify(value);
}

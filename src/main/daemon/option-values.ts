import { BerthError } from "#base/errors.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import { unusableFile, type ConfigFile } from "./config-file.ts";
import { daemonOptions } from "./options/daemon-options.ts";
import { keyOf, type Option } from "./options/option.ts";

type Pairs<T> = Readonly<Record<string, T>>;

/** Flags over daemon.json over defaults. */
export class OptionValues {
  readonly #flags: FlagValues;
  readonly #file: ConfigFile;

  constructor(flags: FlagValues, file: ConfigFile) {
    this.#flags = flags;
    this.#file = file;
  }

  /** The person said something about it, by flag or in the file. */
  given(name: string): boolean {
    return this.#file.has(name) || this.#byFlag(name);
  }

  value(name: string): unknown {
    const option = optionNamed(name);
    const flag = option.flag === false ? option.kind.flag.initial : this.#flags.get(name, option.kind.flag);
    if (!this.#file.has(name)) return flag;
    const file = this.#file.get(name);
    return option.merges === true ? { ...(file as object), ...(flag as object) } : file;
  }

  text(name: string): string {
    return this.value(name) as string;
  }

  on(name: string): boolean {
    return this.value(name) as boolean;
  }

  number(name: string): number {
    return this.value(name) as number;
  }

  /** docker-compat: in daemon.json 0 means the default where a count cannot be 0. */
  count(name: string): number {
    return this.number(name) || (optionNamed(name).value as number);
  }

  list(name: string): readonly string[] {
    return this.value(name) as readonly string[];
  }

  map<T>(name: string): Pairs<T> {
    return this.value(name) as Pairs<T>;
  }

  /** `not-implemented` naming every option that asks for what this engine does not do. */
  refuseUnsupported(path: string): void {
    const asked = daemonOptions.filter(
      (option) =>
        option.refused !== undefined && this.given(option.name) && option.allows?.(this.value(option.name)) !== true,
    );
    const fromFile = asked.filter(({ name }) => this.#file.has(name));
    if (fromFile.length > 0) {
      const why = fromFile.map((option) => `${keyOf(option) ?? option.name} is not supported: ${option.refused}`);
      throw unusableFile(path, why.join("; "));
    }
    if (asked.length > 0) {
      const why = asked.map((option) => `--${option.name} is not supported: ${option.refused}`);
      throw new BerthError("not-implemented", why.join("; "));
    }
  }

  /** Options that were given and have no effect, with the reason. */
  idle(): readonly { readonly name: string; readonly why: string }[] {
    return daemonOptions.flatMap(({ name, idle }) =>
      idle === undefined || !this.given(name) ? [] : [{ name, why: idle }],
    );
  }

  #byFlag(name: string): boolean {
    return optionNamed(name).flag !== false && this.#flags.given(name);
  }
}

const byName = new Map(daemonOptions.map((option) => [option.name, option]));

function optionNamed(name: string): Option {
  const option = byName.get(name);
  if (option === undefined) throw new Error(`no option ${name}`);
  return option;
}

import type { FlagKind, FlagSpec } from "./flag-kind.ts";

/** The flags of one invocation, by name. Asking for a flag the command does not have is a bug and throws. */
export class FlagValues {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #changed: ReadonlySet<string>;

  constructor(values: ReadonlyMap<string, unknown>, changed: ReadonlySet<string>) {
    this.#values = values;
    this.#changed = changed;
  }

  /** The value, typed by the kind the flag was declared with. */
  get<T>(name: string, _kind: FlagKind<T>): T {
    return this.#value(name) as T;
  }

  text(name: string): string {
    return this.#value(name) as string;
  }

  on(name: string): boolean {
    return this.#value(name) as boolean;
  }

  number(name: string): number {
    return this.#value(name) as number;
  }

  list(name: string): readonly string[] {
    return this.#value(name) as readonly string[];
  }

  filters(): Readonly<Record<string, readonly string[]>> {
    return this.#value("filter") as Readonly<Record<string, readonly string[]>>;
  }

  /** True when the command has the flag. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** True when the person gave the flag, whatever its value. */
  given(name: string): boolean {
    return this.#changed.has(name);
  }

  /** The same, with this flag given as `value`. */
  with(name: string, value: unknown): FlagValues {
    return new FlagValues(new Map([...this.#values, [name, value]]), new Set([...this.#changed, name]));
  }

  #value(name: string): unknown {
    if (!this.#values.has(name)) throw new Error(`no flag --${name} in this command`);
    return this.#values.get(name);
  }
}

/** Values before any argument was read. */
export function initialValues(specs: readonly FlagSpec[]): Map<string, unknown> {
  return new Map(
    specs.filter((spec) => spec.aliasOf === undefined).map((spec) => [spec.name, spec.value ?? spec.kind.initial]),
  );
}

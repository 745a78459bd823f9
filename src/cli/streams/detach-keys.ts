import { BerthError } from "#base/errors.ts";

const CONTROL = { "@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, _: 31 } as const;
export const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/** `ctrl-p,ctrl-q`, `a,b`: the bytes typed. `invalid-parameter` for what is no key. */
export function parseDetachKeys(keys: string): Uint8Array {
  const codes = keys.split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const letter = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
    if (letter !== undefined && letter >= "a" && letter <= "z") return letter.charCodeAt(0) - 96;
    const code = letter === undefined ? undefined : (CONTROL as Readonly<Record<string, number>>)[letter];
    if (code === undefined)
      throw new BerthError("invalid-parameter", `invalid detach keys (${keys}): Unknown character: '${key}'`);
    return code;
  });
  return Uint8Array.from(codes);
}

/** Looks for the detach sequence in what is typed. A beginning of it is held back until it is broken or complete. */
export class DetachFilter {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** Bytes to pass on; `detached` when the sequence is complete, and what follows it is dropped. */
  push(chunk: Uint8Array): { readonly pass: Uint8Array; readonly detached: boolean } {
    const pass: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { pass: Uint8Array.from(pass), detached: true };
        continue;
      }
      pass.push(...this.#keys.subarray(0, this.#matched));
      this.#matched = 0;
      if (byte === this.#keys[0]) this.#matched = 1;
      else pass.push(byte);
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }
}

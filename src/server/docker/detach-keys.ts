import { BerthError } from "#base/errors.ts";

const control: Readonly<Record<string, number>> = { "@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, _: 31 };

/** `ctrl-p,ctrl-q` to the bytes a terminal sends. `invalid-parameter` in Docker's words. */
export function parseDetachKeys(text: string): Uint8Array {
  const keys = (text === "" ? "ctrl-p,ctrl-q" : text).split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const name = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
    if (name !== undefined && name >= "a" && name <= "z") return name.charCodeAt(0) - 96;
    const code = name === undefined ? undefined : control[name];
    if (code === undefined) throw new BerthError("invalid-parameter", `Invalid detach keys (${text}) provided`);
    return code;
  });
  return Uint8Array.from(keys);
}

/** Looks for the detach keys in a terminal's input. Bytes that may begin them are held back until they do not. */
export class DetachFilter {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What to pass on, and whether the keys are complete now. */
  push(chunk: Uint8Array): { readonly bytes: Uint8Array; readonly detached: boolean } {
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { bytes: Uint8Array.from(out), detached: true };
        continue;
      }
      out.push(...this.#keys.subarray(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) out.push(byte);
    }
    return { bytes: Uint8Array.from(out), detached: false };
  }
}

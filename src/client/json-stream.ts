import { BerthError } from "#base/errors.ts";

/** `source`: a number, as it was written. */
export type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * JSON values one after the other, as Docker's progress and event streams send them: separated by white space or by
 * RS (json-seq), cut anywhere by the network. Values are objects; a broken tail is `data-loss`. `revive`: as JSON.parse
 * takes one.
 */
export async function* jsonValues<T>(bytes: AsyncIterable<Uint8Array>, revive?: Reviver): AsyncGenerator<T, void> {
  const decoder = new TextDecoder();
  const splitter = new ObjectSplitter();
  for await (const chunk of bytes) {
    for (const text of splitter.push(decoder.decode(chunk, { stream: true }))) yield parse(text, revive) as T;
  }
  const rest = splitter.rest();
  if (rest !== "") yield parse(rest, revive) as T;
}

function parse(text: string, revive?: Reviver): unknown {
  try {
    return JSON.parse(text, revive as Parameters<typeof JSON.parse>[1]);
  } catch (cause) {
    throw new BerthError("data-loss", `unexpected end of JSON stream: ${text.slice(0, 200)}`, { cause });
  }
}

/** Cuts text into top-level JSON objects by counting braces outside strings. */
class ObjectSplitter {
  #buffer = "";
  #scanned = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  *push(text: string): Generator<string, void> {
    this.#buffer += text;
    while (this.#scanned < this.#buffer.length) {
      const end = this.#scan();
      if (end === -1) return;
      const value = this.#buffer.slice(0, end).replace(/^[\s\u001e]+/, "");
      this.#buffer = this.#buffer.slice(end);
      this.#scanned = 0;
      yield value;
    }
  }

  rest(): string {
    return this.#buffer.replace(/^[\s\u001e]+|\s+$/g, "");
  }

  /** Index after the next complete object, or -1. */
  #scan(): number {
    const buffer = this.#buffer;
    for (let at = this.#scanned; at < buffer.length; at += 1) {
      const code = buffer.charCodeAt(at);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === 0x5c) this.#escaped = true;
        else if (code === 0x22) this.#inString = false;
      } else if (code === 0x22) this.#inString = true;
      else if (code === 0x7b) this.#depth += 1;
      else if (code === 0x7d) {
        this.#depth -= 1;
        if (this.#depth === 0) return at + 1;
      }
    }
    this.#scanned = buffer.length;
    return -1;
  }
}

/**
 * What Go's encoding/json says about text that is no JSON: clients and tests compare these sentences. Only called for
 * text that JSON.parse refused, so speed does not matter; depth does not either, because nesting is kept in a list.
 */
export function jsonSyntaxError(text: string): string {
  const scanner = new Scanner(text);
  return scanner.firstError() ?? "unexpected EOF";
}

/** Of text behind a whole value. docker-compat: told without the prefix of the others. */
export const contentBehind = "unexpected content after JSON";

type Expecting = "value" | "value-or-end" | "key" | "key-or-end" | "colon" | "pair-end" | "element-end" | "nothing";

class Scanner {
  readonly #text: string;
  #at = 0;
  readonly #open: ("{" | "[")[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** undefined when the text ends too early. */
  firstError(): string | undefined {
    let expecting: Expecting = "value";
    for (;;) {
      this.#skipBlanks();
      const character = this.#text[this.#at];
      if (character === undefined) return undefined;
      if (expecting === "nothing") return contentBehind;
      const next = this.#take(character, expecting);
      if (typeof next === "object") return next.error;
      if (next === undefined) return undefined;
      expecting = next;
    }
  }

  #take(
    character: string,
    expecting: Exclude<Expecting, "nothing">,
  ): Expecting | { readonly error: string } | undefined {
    switch (expecting) {
      case "value":
      case "value-or-end":
        if (character === "]" && expecting === "value-or-end") return this.#close();
        return this.#value(character);
      case "key":
      case "key-or-end":
        if (character === "}" && expecting === "key-or-end") return this.#close();
        if (character !== '"') return unexpected(character, "looking for beginning of object key string");
        return this.#string() ?? "colon";
      case "colon":
        if (character !== ":") return unexpected(character, "after object key");
        this.#at += 1;
        return "value";
      case "pair-end":
        if (character === "}") return this.#close();
        if (character !== ",") return unexpected(character, "after object key:value pair");
        this.#at += 1;
        return "key";
      case "element-end":
        if (character === "]") return this.#close();
        if (character !== ",") return unexpected(character, "after array element");
        this.#at += 1;
        return "value";
    }
  }

  #value(character: string): Expecting | { readonly error: string } | undefined {
    if (character === "{" || character === "[") {
      this.#open.push(character);
      this.#at += 1;
      return character === "{" ? "key-or-end" : "value-or-end";
    }
    if (character === '"') return this.#string() ?? this.#after();
    const literal = ["true", "false", "null"].find((word) => word.startsWith(character));
    if (literal !== undefined) return this.#literal(literal) ?? this.#after();
    const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(this.#text.slice(this.#at));
    if (number === null) {
      const second = this.#text[this.#at + 1];
      if (character === "-" && second !== undefined) return unexpected(second, "in numeric literal");
      return unexpected(character, "looking for beginning of value");
    }
    this.#at += number[0].length;
    return this.#after();
  }

  #literal(word: string): { readonly error: string } | undefined {
    for (let index = 0; index < word.length; index += 1) {
      const character = this.#text[this.#at + index];
      if (character === undefined) break;
      if (character !== word[index]) return unexpected(character, `in literal ${word} (expecting '${word[index]}')`);
    }
    this.#at += word.length;
    return undefined;
  }

  #string(): { readonly error: string } | undefined {
    for (this.#at += 1; ; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === undefined) return undefined;
      if (character < " ") return unexpected(character, "in string literal");
      if (character === '"') {
        this.#at += 1;
        return undefined;
      }
      if (character !== "\\") continue;
      this.#at += 1;
      const escaped = this.#text[this.#at];
      if (escaped === undefined) return undefined;
      if (!'"\\/bfnrtu'.includes(escaped)) return unexpected(escaped, "in string escape code");
      if (escaped !== "u") continue;
      for (let digit = 0; digit < 4; digit += 1) {
        const hex = this.#text[this.#at + 1];
        if (hex === undefined) return undefined;
        if (!/[0-9a-fA-F]/.test(hex)) return unexpected(hex, "in \\u hexadecimal character escape");
        this.#at += 1;
      }
    }
  }

  #close(): Expecting {
    this.#open.pop();
    this.#at += 1;
    return this.#after();
  }

  /** What may follow a whole value. */
  #after(): Expecting {
    const open = this.#open.at(-1);
    if (open === undefined) return "nothing";
    return open === "{" ? "pair-end" : "element-end";
  }

  #skipBlanks(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }
}

function unexpected(character: string, where: string): { readonly error: string } {
  const shown = character === "'" ? "'\\''" : character === '"' ? `'"'` : `'${JSON.stringify(character).slice(1, -1)}'`;
  return { error: `invalid character ${shown} ${where}` };
}

/** A key by its name, or the letter that it types. */
export type Key = string;

const NAMES: Readonly<Record<string, Key>> = {
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\u007f": "backspace",
  "\b": "backspace",
  "\u001b": "escape",
};

/** What terminals send for the others (xterm's control sequences, VT220's editing keypad). */
const SEQUENCES: Readonly<Record<string, Key>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  "[H": "home",
  "[F": "end",
  "[Z": "backtab",
  "[1~": "home",
  "[3~": "delete",
  "[4~": "end",
  "[5~": "page-up",
  "[6~": "page-down",
  "[7~": "home",
  "[8~": "end",
};
// oxlint-disable-next-line no-control-regex -- it is what a terminal sends
const SEQUENCE = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z])/;
// oxlint-disable-next-line no-control-regex -- it is what a terminal sends
const CUT_SEQUENCE = /^\u001b(?:\[[0-?]*[ -/]*|O)$/;
const CONTROL_LETTERS = 26;

/** Keys from the bytes of a terminal in raw mode. A sequence that a read cut is kept for the next one. */
export class KeyDecoder {
  readonly #decoder = new TextDecoder();
  #rest = "";

  push(bytes: Uint8Array): readonly Key[] {
    let text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    this.#rest = "";
    const keys: Key[] = [];
    while (text !== "") {
      if (CUT_SEQUENCE.test(text)) {
        this.#rest = text;
        break;
      }
      const sequence = SEQUENCE.exec(text)?.[0];
      if (sequence !== undefined) {
        const key = SEQUENCES[sequence.slice(1).replace(/^O/, "[")];
        if (key !== undefined) keys.push(key);
        text = text.slice(sequence.length);
        continue;
      }
      const letter = String.fromCodePoint(text.codePointAt(0) ?? 0);
      keys.push(keyOf(letter));
      text = text.slice(letter.length);
    }
    return keys;
  }
}

function keyOf(letter: string): Key {
  const named = NAMES[letter];
  if (named !== undefined) return named;
  const code = letter.charCodeAt(0);
  return code >= 1 && code <= CONTROL_LETTERS ? `ctrl-${String.fromCharCode(code + 96)}` : letter;
}

/** True for a key that types a letter. */
export function typesLetter(key: Key): boolean {
  return Array.from(key).length === 1 && key >= " ";
}

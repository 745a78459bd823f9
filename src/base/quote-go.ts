/** Go's %q of a string. */
export function quoteGo(text: string): string {
  const named: Readonly<Record<string, string>> = {
    "\x07": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
  };
  let quoted = "";
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0;
    const hex = (digits: number): string => code.toString(16).padStart(digits, "0");
    quoted +=
      named[letter] ??
      (code < 0x20 || code === 0x7f ? `\\x${hex(2)}` : /[\p{C}\p{Zl}\p{Zp}]/u.test(letter) ? `\\u${hex(4)}` : letter);
  }
  return `"${quoted}"`;
}

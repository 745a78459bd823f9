/**
 * Cells of a terminal that text takes: two for what East Asian Width calls wide and for emoji (Unicode TR 11), none for
 * marks that are drawn over the letter before them.
 */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];
const FIRST_SPECIAL = 0x300;
const DRAWN_OVER = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

function letterWidth(letter: string): number {
  const code = letter.codePointAt(0) ?? 0;
  if (code < FIRST_SPECIAL) return 1;
  if (DRAWN_OVER.test(letter)) return 0;
  return WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

/** Of text without control characters. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const letter of text) width += letterWidth(letter);
  return width;
}

/** As much of `text` as fits `width` cells; the last one is an ellipsis when something is missing. */
export function clip(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  return width <= 0 ? "" : `${head(text, width - 1)}…`;
}

/** The letters from the beginning that take at most `width` cells. */
export function head(text: string, width: number): string {
  let taken = 0;
  let end = 0;
  for (const letter of text) {
    taken += letterWidth(letter);
    if (taken > width) break;
    end += letter.length;
  }
  return text.slice(0, end);
}

/** Exactly `width` cells: clipped, or with spaces behind it. */
export function fill(text: string, width: number): string {
  const shown = clip(text, width);
  return shown + " ".repeat(Math.max(0, width - cellWidth(shown)));
}

/** The same with the spaces in front. */
export function fillLeft(text: string, width: number): string {
  const shown = clip(text, width);
  return " ".repeat(Math.max(0, width - cellWidth(shown))) + shown;
}

// oxlint-disable-next-line no-control-regex -- escape sequences are what is looked for (ECMA-48, 5.4 and 5.6)
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]P^_X][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const TAB = "        ";

/** What others wrote, without anything that steers a terminal: escape sequences go, tabs are spaces. */
export function harmless(text: string): string {
  return text.replace(SEQUENCES, "").replaceAll("\t", TAB).replace(CONTROLS, "");
}

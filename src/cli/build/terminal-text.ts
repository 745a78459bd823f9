/* Escape sequences: CSI, OSC and DCS strings, and the short ones. */
const ESCAPES =
  // oxlint-disable-next-line no-control-regex -- they begin with one
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]?)/g;
// oxlint-disable-next-line no-control-regex -- it is they that are taken out
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;
const NO_CELL = /^(?:\p{Mark}|[\u200b-\u200d\u2060])$/u;
const TWO_CELLS =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]$|^\p{Emoji_Presentation}$/u;
const TAB_CELLS = 8;

/**
 * A line of a program's output as it looks when it is done: what a carriage return goes back over is gone, tabs are
 * spaces, and nothing in it moves the cursor or changes colours.
 */
export function plainLine(line: string): string {
  const ended = line.replace(/\r+$/, "");
  const plain = ended.slice(ended.lastIndexOf("\r") + 1).replace(ESCAPES, "");
  let cells = 0;
  let text = "";
  for (const part of plain) {
    const shown = part === "\t" ? " ".repeat(TAB_CELLS - (cells % TAB_CELLS)) : part.replace(CONTROLS, "");
    text += shown;
    cells += part === "\t" ? shown.length : cellsOf(shown);
  }
  return text;
}

/** How many cells of a terminal a plain text takes. */
export function cellsOf(text: string): number {
  let cells = 0;
  for (const part of text) cells += cellsOfPart(part);
  return cells;
}

/** The beginning of a plain text that fits. */
export function cutTo(text: string, columns: number): string {
  let cells = 0;
  let kept = "";
  for (const part of text) {
    cells += cellsOfPart(part);
    if (cells > columns) return kept;
    kept += part;
  }
  return text;
}

function cellsOfPart(part: string): number {
  if (part < "\u0300") return 1;
  if (NO_CELL.test(part)) return 0;
  return TWO_CELLS.test(part) ? 2 : 1;
}

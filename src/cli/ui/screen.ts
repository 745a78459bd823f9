import { cellWidth, head } from "./letters.ts";

export type Style = "plain" | "bold" | "dim" | "selected" | "good" | "warning" | "bad";

/** A piece of a line. Its text has no control characters. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Span[];

/** What is to be seen: at most `height` lines, each cut at the width when it is painted. */
export type Picture = readonly Line[];

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

export const plain = (text: string): Span => ({ text, style: "plain" });
export const bold = (text: string): Span => ({ text, style: "bold" });
export const dim = (text: string): Span => ({ text, style: "dim" });

/** Select Graphic Rendition (ECMA-48, 8.3.117). Colours only where they are wanted; the others say it without. */
const ATTRIBUTES: Readonly<Record<Style, string>> = {
  plain: "",
  bold: "1",
  dim: "2",
  selected: "7",
  good: "",
  warning: "",
  bad: "1",
};
const COLOURS: Readonly<Partial<Record<Style, string>>> = { good: "32", warning: "33", bad: "31" };

const ESC = "\u001b[";

/** Each line as a terminal takes it, `columns` cells at most. */
export function paint(picture: Picture, { rows, columns }: Size, colour: boolean): readonly string[] {
  return picture.slice(0, rows).map((line) => paintLine(line, columns, colour));
}

function paintLine(line: Line, columns: number, colour: boolean): string {
  let room = columns;
  let result = "";
  for (const { text, style } of line) {
    const shown = head(text, room);
    room -= cellWidth(shown);
    const codes = (colour ? COLOURS[style] : undefined) ?? ATTRIBUTES[style];
    result += codes === "" || shown === "" ? shown : `${ESC}${codes}m${shown}${ESC}0m`;
    if (shown !== text) break;
  }
  return result;
}

/**
 * What to write so that a terminal that shows `before` shows `after`: only lines that changed. `before` undefined = nothing
 * is known of what it shows.
 */
export function difference(before: readonly string[] | undefined, after: readonly string[]): string {
  let result = before === undefined ? `${ESC}0m${ESC}2J` : "";
  const last = Math.max(before?.length ?? 0, after.length);
  for (let row = 0; row < last; row += 1) {
    const text = after[row] ?? "";
    if (text === (before?.[row] ?? "")) continue;
    // Erased first: erased behind a full line its last letter would go.
    result += `${ESC}${row + 1};1H${ESC}2K${text}`;
  }
  return result;
}

import { ellipsis } from "./shorten.ts";
import { MIN_WIDTH, PADDING } from "./table.ts";

const LEAST = 8;

/**
 * A table of cells between tabs, shortened so that its aligned form fits `width` letters: of the columns titled
 * `shrinkable`, in that order, each gives up to all but eight letters before the next one does. When that is not enough,
 * the columns titled `leftOut` go, one after the other. What cannot be made to fit stays wider.
 */
export function fitTable(
  text: string,
  width: number,
  shrinkable: readonly string[],
  leftOut: readonly string[] = [],
): string {
  const whole = text.split("\n").map((line) => line.split("\t"));
  for (let count = 0; ; count++) {
    const gone = leftOut.slice(0, count).map((title) => (whole[0] ?? []).indexOf(title));
    const rest = whole.map((cells) => cells.filter((_, column) => !gone.includes(column)));
    const { lines, fits } = shrunk(rest, width, shrinkable);
    if (fits || count >= leftOut.length) return lines.map((cells) => cells.join("\t")).join("\n");
  }
}

function shrunk(
  lines: readonly string[][],
  width: number,
  shrinkable: readonly string[],
): { readonly lines: readonly string[][]; readonly fits: boolean } {
  const titles = lines[0] ?? [];
  const widths = titles.map((_, column) => Math.max(...lines.map((cells) => lengthOf(cells[column] ?? ""))));
  const taken = (letters: number, column: number): number =>
    column === widths.length - 1 ? letters : Math.max(MIN_WIDTH, letters + PADDING);
  let over = widths.reduce((sum, letters, column) => sum + taken(letters, column), 0) - width;
  for (const title of shrinkable) {
    const column = titles.indexOf(title);
    if (over <= 0 || column === -1) continue;
    const before = widths[column] ?? 0;
    const after = Math.max(LEAST, lengthOf(title), before - over);
    if (after >= before) continue;
    for (const cells of lines) if (cells[column] !== undefined) cells[column] = ellipsis(cells[column], after);
    over -= taken(before, column) - taken(after, column);
  }
  return { lines, fits: over <= 0 };
}

function lengthOf(cell: string): number {
  return Array.from(cell).length;
}

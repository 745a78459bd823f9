/** Of every column but the last, its padding included. */
export const MIN_WIDTH = 10;
export const PADDING = 3;

/**
 * Aligns cells separated by tabs: a column is as wide as its widest cell and three spaces, `minWidth` at least. The last cell of
 * a line belongs to no column. A line with fewer cells ends the columns it does not have (Go's text/tabwriter).
 */
export function alignTable(text: string, minWidth = MIN_WIDTH): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const widths: number[][] = lines.map(() => []);
  for (const [at, cells] of lines.entries()) {
    for (let column = (widths[at] as number[]).length; column < cells.length - 1; column += 1)
      fill(lines, widths, at, column, minWidth);
  }
  return lines
    .map((cells, at) =>
      cells
        .map((cell, column) => (column === cells.length - 1 ? cell : padEnd(cell, widths[at]?.[column] ?? 0)))
        .join(""),
    )
    .join("\n");
}

/** Gives one width to `column` in the run of neighbouring lines that have it. */
function fill(
  lines: readonly (readonly string[])[],
  widths: number[][],
  from: number,
  column: number,
  minWidth: number,
): void {
  let end = from;
  let widest = 0;
  while (end < lines.length && (lines[end] as readonly string[]).length - 1 > column) {
    widest = Math.max(widest, displayWidth(lines[end]?.[column] ?? ""));
    end += 1;
  }
  const width = widest === 0 ? 0 : Math.max(minWidth, widest + PADDING);
  for (let at = from; at < end; at += 1) (widths[at] as number[])[column] ??= width;
}

function padEnd(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - displayWidth(cell)));
}

function displayWidth(cell: string): number {
  return Array.from(cell).length;
}

import { cellWidth, fill, fillLeft } from "../letters.ts";
import { bold, type Line, type Span, type Style } from "../screen.ts";

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
  /** Numbers stand at the right. */
  readonly right?: true;
  /** What it may be shortened to; undefined = not at all. */
  readonly least?: number;
  /** As wide as its values usually get, so that nothing moves while they change. */
  readonly usual?: number;
}

const GAP = 2;
const MARK = "> ";
const NO_MARK = "  ";

/**
 * Headings and rows within `width` cells. Too wide a table first shortens columns from the last to the first, then leaves
 * columns out, the last first; the first column always stays. The selected row is marked by more than its style.
 */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  selected: number,
): readonly Line[] {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = fitted(
    columns,
    columns.map(({ title, usual = 0 }, at) =>
      Math.max(usual, cellWidth(title), ...cells.map((line) => cellWidth(line[at]?.text ?? ""))),
    ),
    width - MARK.length,
  );
  const line = (mark: string, texts: readonly Cell[], style?: Style): Line => {
    const spans: Span[] = [{ text: mark, style: style ?? "plain" }];
    for (const [at, cellWidths] of widths.entries()) {
      const { text = "", style: own = "plain" } = texts[at] ?? {};
      const put = columns[at]?.right === true ? fillLeft : fill;
      const gap = at === widths.length - 1 ? "" : " ".repeat(GAP);
      spans.push({ text: put(text, cellWidths) + gap, style: style ?? own });
    }
    if (style === "selected") {
      const taken = spans.reduce((sum, { text }) => sum + cellWidth(text), 0);
      spans.push({ text: " ".repeat(Math.max(0, width - taken)), style });
    }
    return spans;
  };
  const titles = columns.map(({ title }): Cell => ({ text: title }));
  return [
    line(NO_MARK, titles).map(({ text }) => bold(text)),
    ...cells.map((texts, at) => (at === selected ? line(MARK, texts, "selected") : line(NO_MARK, texts))),
  ];
}

/** The widths of as many columns as there is room for. */
function fitted(
  columns: readonly Pick<Column<never>, "least">[],
  natural: readonly number[],
  room: number,
): readonly number[] {
  const widths = [...natural];
  for (;;) {
    let over = widths.reduce((sum, width) => sum + width + GAP, -GAP) - room;
    for (let at = widths.length - 1; at >= 0 && over > 0; at -= 1) {
      const width = widths[at] ?? 0;
      const after = Math.max(Math.min(width, columns[at]?.least ?? width), width - over);
      widths[at] = after;
      over -= width - after;
    }
    if (over <= 0) return widths;
    if (widths.length === 1) return [Math.max(1, room)];
    // Without its last column the others may be as wide as they were.
    widths.splice(0, widths.length, ...natural.slice(0, widths.length - 1));
  }
}

import { clip, head } from "../letters.ts";
import type { LogsPage } from "../model.ts";
import { dim, plain, type Line, type Size } from "../screen.ts";

/** The lines above the place that is scrolled to, the newest at the bottom. */
export function logLines(page: LogsPage, { columns }: Size, height: number): readonly Line[] {
  const { lines, back, wrap, endedAt } = page;
  if (lines.length === 0) return [[dim(endedAt !== undefined ? "  it wrote nothing" : "  nothing yet")]];
  const shown: Line[] = [];
  if (endedAt !== undefined && back === 0) shown.push([dim("-- it has ended --")]);
  for (let at = lines.length - 1 - back; at >= 0 && shown.length < height; at -= 1)
    shown.unshift(
      ...(wrap ? wrapped(lines[at] ?? "", columns) : [clip(lines[at] ?? "", columns)]).map((text) => [plain(text)]),
    );
  return shown.slice(-height);
}

function wrapped(line: string, columns: number): readonly string[] {
  const pieces: string[] = [];
  let rest = line;
  do {
    const piece = head(rest, columns) || rest.slice(0, 1);
    pieces.push(piece);
    rest = rest.slice(piece.length);
  } while (rest !== "");
  return pieces;
}

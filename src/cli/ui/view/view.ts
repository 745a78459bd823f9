import { cellWidth, fill, harmless } from "../letters.ts";
import { TABS, type Model, type Page } from "../model.ts";
import { textHeight } from "../pressed.ts";
import { isRunning, rowsOf, selectedIndex } from "../rows.ts";
import { bold, dim, plain, type Line, type Picture, type Span } from "../screen.ts";
import { listLines } from "./list.ts";
import { logLines } from "./logs.ts";
import { statsLines } from "./stats.ts";

/** Below this there is room for the list alone. */
const LEAST_ROWS = 5;

/**
 * The whole screen: a title, what is looked at, a line for questions and news, a line of keys. A pure function.
 */
export function view(model: Model): Picture {
  const { rows } = model.size;
  const title = titleLine(model);
  const body = bodyLines(model);
  if (rows < LEAST_ROWS)
    return [...body.slice(model.page.kind === "list" && rows < 3 ? 1 : 0), bottomLine(model)].slice(0, rows);
  const room = rows - 3;
  const lines = body.slice(0, room);
  const padding = Array.from({ length: room - lines.length }, (): Line => []);
  return [title, ...lines, ...padding, bottomLine(model), keyLine(model)];
}

function bodyLines(model: Model): readonly Line[] {
  const { page, size } = model;
  switch (page.kind) {
    case "list":
      return listLines(model);
    case "logs":
      return logLines(page, size, textHeight(model));
    case "stats":
      return statsLines(page, size.columns);
    case "text":
      return page.lines.slice(page.top, page.top + textHeight(model)).map((text) => [plain(text)]);
  }
}

function titleLine(model: Model): Line {
  const left = model.page.kind === "list" ? tabSpans(model) : [bold(` ${pageTitle(model.page)}`)];
  const taken = left.reduce((sum, { text }) => sum + cellWidth(text), 0);
  const engine = `${harmless(model.engine)} `;
  const gap = model.size.columns - taken - cellWidth(engine);
  return gap < 2 ? left : [...left, plain(" ".repeat(gap)), dim(engine)];
}

function tabSpans(model: Model): readonly Span[] {
  return TABS.flatMap((tab, at) => {
    const text = ` ${at + 1} ${tab}${tab === model.tab ? countText(model) : ""} `;
    return [tab === model.tab ? { text, style: "selected" as const } : plain(text), plain(" ")];
  });
}

function countText(model: Model): string {
  const count = rowsOf(model).length;
  if (model.tab !== "containers") return ` ${count}`;
  return ` ${model.lists.containers.filter(isRunning).length}/${model.lists.containers.length}`;
}

function pageTitle(page: Exclude<Page, { readonly kind: "list" }>): string {
  switch (page.kind) {
    case "logs":
      return `${harmless(page.name)}: logs${page.back === 0 ? "" : `, ${page.back} lines back`}`;
    case "stats":
      return `${harmless(page.name)}: use`;
    case "text":
      return harmless(page.title);
  }
}

/** A question, what went wrong, what is filtered. */
function bottomLine({ prompt, notice, lost, filter, size }: Model): Line {
  if (prompt?.kind === "confirm") return [bold(` ${harmless(prompt.question)}? y/N `)];
  if (prompt?.kind === "filter") return [bold(" Filter: "), plain(harmless(filter)), { text: " ", style: "selected" }];
  if (notice !== undefined) return [{ text: ` ${harmless(notice.text)}`, style: notice.isError ? "bad" : "plain" }];
  if (lost !== undefined) return [{ text: ` Trying again: ${harmless(lost)}`, style: "bad" }];
  if (filter !== "") return [dim(fill(` only what has "${harmless(filter)}"; escape shows all`, size.columns))];
  return [];
}

function listKeys(model: Model): string {
  if (model.tab !== "containers") return "enter inspect  d remove  / filter  ? keys  q quit";
  const rows = rowsOf(model);
  const { container } = rows[selectedIndex(model, rows)] ?? {};
  const turn = container !== undefined && isRunning(container) ? "stop" : "start";
  return `l logs  e shell  t use  s ${turn}  r restart  d remove  / filter  ? keys  q quit`;
}

function keyLine(model: Model): Line {
  const { page, prompt, size } = model;
  const keys = ((): string => {
    if (prompt?.kind === "confirm") return "y yes  any other key no";
    if (prompt?.kind === "filter") return "enter keep  escape undo";
    switch (page.kind) {
      case "list":
        return listKeys(model);
      case "logs":
        return "up/down scroll  f follow  w wrap  q back";
      case "text":
        return "up/down scroll  q back";
      case "stats":
        return "q back";
    }
  })();
  return [dim(fitKeys(` ${keys}`, size.columns))];
}

/** Whole hints only. */
function fitKeys(keys: string, columns: number): string {
  let shown = keys;
  while (cellWidth(shown) > columns && shown.includes("  ")) {
    const hints = shown.split("  ");
    // The last two say how to learn more and how to leave.
    hints.splice(Math.max(0, hints.length - 3), 1);
    shown = hints.length === 0 ? "" : hints.join("  ");
  }
  return shown;
}

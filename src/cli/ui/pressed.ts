import { helpLines } from "./help.ts";
import { typesLetter, type Key } from "./keys.ts";
import {
  TABS,
  type ContainerAct,
  type Effect,
  type LogsPage,
  type Model,
  type Step,
  type Tab,
  type Target,
  type TextPage,
} from "./model.ts";
import { isRunning, listHeight, rowsOf, selectedIndex, type ListRow } from "./rows.ts";

const stay = (model: Model, ...effects: readonly Effect[]): Step => ({ model, effects });

/** What a key does, by what is on the screen. */
export function pressed(before: Model, key: Key): Step {
  if (key === "ctrl-c") return stay(before, { type: "quit" });
  if (key === "ctrl-z") return stay(before, { type: "suspend" });
  if (before.prompt !== undefined) return inPrompt(before, key);
  const model: Model = { ...before, notice: undefined };
  if (key === "?" || key === "h")
    return stay({ ...model, page: { kind: "text", title: "Keys", lines: helpLines(), top: 0 } });
  switch (model.page.kind) {
    case "list":
      return onList(model, key);
    case "logs":
      return isBack(key) ? leave(model) : stay({ ...model, page: onLogs(model, model.page, key) });
    case "text":
      return isBack(key) ? leave(model) : stay({ ...model, page: onText(model, model.page, key) });
    case "stats":
      return isBack(key) ? leave(model) : stay(model);
  }
}

const isBack = (key: Key): boolean => key === "q" || key === "escape" || key === "left" || key === "backspace";

const leave = (model: Model): Step => stay({ ...model, page: { kind: "list" } });

function inPrompt(model: Model, key: Key): Step {
  const { prompt } = model;
  const done: Model = { ...model, prompt: undefined };
  if (prompt?.kind === "confirm") return key === "y" || key === "Y" ? stay(done, prompt.effect) : stay(done);
  if (key === "enter") return stay(done);
  if (key === "escape") return stay({ ...done, filter: prompt?.before ?? "" });
  if (key === "backspace") return stay({ ...model, filter: Array.from(model.filter).slice(0, -1).join("") });
  if (key === "ctrl-u") return stay({ ...model, filter: "" });
  return stay(typesLetter(key) ? { ...model, filter: model.filter + key } : model);
}

function onList(model: Model, key: Key): Step {
  const rows = rowsOf(model);
  const at = selectedIndex(model, rows);
  const moved = movedTo(key, at, rows.length, listHeight(model));
  if (moved !== undefined) return stay(select(model, rows, moved));
  const tab = tabOf(key, model.tab);
  if (tab !== undefined) return stay({ ...model, tab }, { type: "load", tab });
  switch (key) {
    case "q":
      return stay(model, { type: "quit" });
    case "/":
      return stay({ ...model, prompt: { kind: "filter", before: model.filter } });
    case "escape":
      return stay({ ...model, filter: "" });
    case "a":
      return stay({ ...model, all: !model.all });
  }
  const row = rows[at];
  return row === undefined ? stay(model) : onRow(select(model, rows, at), row, key);
}

function onRow(model: Model, row: ListRow, key: Key): Step {
  const target = { tab: row.tab, id: row.id, name: row.name };
  if (key === "i") return stay(model, { type: "inspect", target });
  if (key === "d" || key === "delete") return confirm(model, `Remove ${what(row)}`, "remove", row);
  const { container } = row;
  if (container === undefined) return stay(model, ...inspects(key, target));
  switch (key) {
    case "enter":
    case "right":
    case "l":
      return stay({
        ...model,
        page: {
          ...target,
          kind: "logs",
          lines: [],
          back: 0,
          wrap: false,
          endedAt: undefined,
          diedAt: "",
          isAgain: false,
          since: "",
        },
      });
    case "t":
      return stay({ ...model, page: { ...target, kind: "stats", history: [], processes: { titles: [], rows: [] } } });
    case "w":
      return stay(model, { type: "why", target });
    case "e":
      return isRunning(container)
        ? stay(model, { type: "shell", target })
        : refuse(model, `${row.name} does not run: s starts it, and 'debug' opens a shell in a stopped one`);
    case "s":
      return isRunning(container)
        ? confirm(model, `Stop ${row.name}`, "stop", row)
        : stay(model, { type: "act", act: "start", target });
    case "r":
      return confirm(model, `Restart ${row.name}`, "restart", row);
    case "p":
      if (!isRunning(container)) return refuse(model, `${row.name} does not run`);
      return stay(model, { type: "act", act: container.State === "paused" ? "unpause" : "pause", target });
    default:
      return stay(model);
  }
}

function inspects(key: Key, target: Target): Effect[] {
  return key === "enter" || key === "right" ? [{ type: "inspect", target }] : [];
}

const refuse = (model: Model, text: string): Step => stay({ ...model, notice: { text, isError: true } });

function what({ tab, name, container }: ListRow): string {
  if (tab !== "containers") return `${tab.slice(0, -1)} ${name}`;
  return container !== undefined && isRunning(container) ? `${name}, which runs` : name;
}

function confirm(model: Model, question: string, act: ContainerAct, { tab, id, name }: ListRow): Step {
  const effect: Effect = { type: "act", act, target: { tab, id, name } };
  return stay({ ...model, prompt: { kind: "confirm", question, effect } });
}

function select(model: Model, rows: readonly ListRow[], index: number): Model {
  const id = rows[index]?.id ?? "";
  return { ...model, selected: { ...model.selected, [model.tab]: { id, index } } };
}

function tabOf(key: Key, tab: Tab): Tab | undefined {
  const at = TABS.indexOf(tab);
  if (key === "tab") return TABS[(at + 1) % TABS.length];
  if (key === "backtab") return TABS[(at + TABS.length - 1) % TABS.length];
  return /^[1-4]$/.test(key) ? TABS[Number(key) - 1] : undefined;
}

/** The place that a key leads to, of `count` places of which `height` are seen. */
function movedTo(key: Key, at: number, count: number, height: number): number | undefined {
  const within = (place: number): number => Math.max(0, Math.min(place, count - 1));
  switch (key) {
    case "up":
    case "k":
      return within(at - 1);
    case "down":
    case "j":
      return within(at + 1);
    case "page-up":
    case "ctrl-b":
      return within(at - height);
    case "page-down":
    case "ctrl-f":
      return within(at + height);
    case "home":
    case "g":
      return 0;
    case "end":
    case "G":
      return within(count - 1);
    default:
      return undefined;
  }
}

/** Lines for a page's text, under the title and above the two lines at the bottom. */
export function textHeight({ size }: Pick<Model, "size">): number {
  return Math.max(1, size.rows - 3);
}

function onLogs(model: Model, page: LogsPage, key: Key): LogsPage {
  if (key === "w") return { ...page, wrap: !page.wrap };
  if (key === "f") return { ...page, back: 0 };
  const height = textHeight(model);
  const least = Math.min(height, page.lines.length);
  // Counted from the end; the first page has a full screen of lines.
  const moved = movedTo(key, page.lines.length - 1 - page.back, page.lines.length, height);
  return moved === undefined
    ? page
    : { ...page, back: Math.max(0, page.lines.length - 1 - Math.max(moved, least - 1)) };
}

function onText(model: Model, page: TextPage, key: Key): TextPage {
  const height = textHeight(model);
  const places = Math.max(1, page.lines.length - height + 1);
  const moved = movedTo(key === " " ? "page-down" : key, page.top, places, height);
  return moved === undefined ? page : { ...page, top: moved };
}

import type { Usage } from "../container/stats/stats-row.ts";
import type { LogsPage, Message, Model, Page, Step, Tab } from "./model.ts";
import { pressed } from "./pressed.ts";
import { containerName, rowsOf, selectedIndex } from "./rows.ts";

const MOST_LINES = 5000;
const MOST_SAMPLES = 300;

/** The next model, and what is to be done. A pure function. */
export function update(before: Model, message: Message, now: number): Step {
  const model = { ...before, now };
  if (message.type === "key") return pressed(model, message.key);
  return { model: told(model, message), effects: [] };
}

function told(model: Model, message: Exclude<Message, { readonly type: "key" }>): Model {
  switch (message.type) {
    case "resized":
      return { ...model, size: message.size };
    case "listed":
      return listed(model, { ...model.lists, ...message.lists });
    case "used": {
      const { id, usage } = message;
      return { ...withUsage(model, id, usage), page: withSample(model.page, id, usage) };
    }
    case "logged":
      return { ...model, page: withLines(model.page, message.id, message.lines) };
    case "log-ended":
      return onPage(model, "logs", message.id, (page) => {
        const ended = { ...page, endedAt: model.now };
        return page.isAgain ? readOn(ended) : ended;
      });
    case "died":
      return onPage(model, "logs", message.id, (page) => ({ ...page, diedAt: message.at, isAgain: false }));
    case "started":
      return onPage(model, "logs", message.id, (page) =>
        page.endedAt === undefined ? { ...page, isAgain: page.diedAt !== "" } : readOn(page),
      );
    case "processes":
      return onPage(model, "stats", message.id, (page) => ({ ...page, processes: message.processes }));
    case "text":
      return {
        ...model,
        page: { kind: "text", title: message.title, lines: message.lines, top: 0 },
        notice: undefined,
      };
    case "noticed":
      return { ...model, notice: message.notice };
    case "connection": {
      const { page } = model;
      const isBack = model.lost !== undefined && message.lost === undefined;
      return { ...model, lost: message.lost, page: isBack && page.kind === "logs" ? readOn(page) : page };
    }
  }
}

/** A log that ended may have more by now. */
function readOn(page: LogsPage): LogsPage {
  if (page.endedAt === undefined) return page;
  const since = page.diedAt === "" ? (page.endedAt / 1000).toFixed(3) : page.diedAt;
  return { ...page, endedAt: undefined, diedAt: "", isAgain: false, since };
}

/** What ended is used by nobody; a page about a container goes by its new name. */
function listed(model: Model, lists: Model["lists"]): Model {
  const running = new Set(lists.containers.filter(({ State }) => State === "running").map(({ Id }) => Id));
  const usage = new Map([...model.usage].filter(([id]) => running.has(id)));
  const { page } = model;
  const shown = "id" in page ? lists.containers.find(({ Id }) => Id === page.id) : undefined;
  return {
    ...model,
    lists,
    usage,
    page: shown === undefined || !("id" in page) ? page : { ...page, name: containerName(shown) },
    selected: { ...model.selected, [model.tab]: settled({ ...model, lists }) },
  };
}

/** What is selected stays so when others come before it; what is gone leaves its place to another. */
function settled(model: Model): Model["selected"][Tab] {
  const rows = rowsOf(model);
  const index = selectedIndex(model, rows);
  const row = rows[index];
  return row === undefined ? model.selected[model.tab] : { id: row.id, index };
}

function withUsage(model: Model, id: string, usage: Usage): Model {
  return { ...model, usage: new Map([...model.usage, [id, usage]]) };
}

function withSample(page: Page, id: string, usage: Usage): Page {
  if (page.kind !== "stats" || page.id !== id) return page;
  return { ...page, history: [...page.history, usage].slice(-MOST_SAMPLES) };
}

/** Who has scrolled back goes on to see the same lines. */
function withLines(page: Page, id: string, lines: readonly string[]): Page {
  if (page.kind !== "logs" || page.id !== id) return page;
  const all = [...page.lines, ...lines].slice(-MOST_LINES);
  return { ...page, lines: all, back: page.back === 0 ? 0 : Math.min(page.back + lines.length, all.length - 1) };
}

function onPage<Kind extends "logs" | "stats">(
  model: Model,
  kind: Kind,
  id: string,
  change: (page: Extract<Page, { readonly kind: Kind }>) => Page,
): Model {
  const { page } = model;
  if (page.kind !== kind || page.id !== id) return model;
  return { ...model, page: change(page as Extract<Page, { readonly kind: Kind }>) };
}

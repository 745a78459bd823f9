import { describe, expect, test } from "bun:test";
import type { ContainerSummary } from "#spec/docker/container.ts";
import { KeyDecoder } from "./keys.ts";
import { firstModel, type Effect, type Message, type Model } from "./model.ts";
import { rowsOf, selectedIndex } from "./rows.ts";
import { update } from "./update.ts";

const container = (name: string, State: ContainerSummary["State"]): ContainerSummary => ({
  Id: `id-${name}`,
  Names: [`/${name}`],
  Image: "busybox",
  ImageID: "sha256:1",
  Command: "sh",
  Created: 0,
  Ports: [],
  Labels: {},
  State,
  Status: State,
  HostConfig: { NetworkMode: "bridge" },
  NetworkSettings: { Networks: {} },
  Mounts: [],
});
const listed: Message = {
  type: "listed",
  lists: { containers: [container("up", "running"), container("down", "exited"), container("held", "paused")] },
};

class Play {
  model: Model = firstModel("unix:///x", { rows: 24, columns: 80 }, 0);
  readonly effects: Effect[] = [];

  constructor() {
    this.tell(listed);
  }

  tell(...messages: readonly Message[]): this {
    for (const message of messages) {
      const { model, effects } = update(this.model, message, 1000);
      this.model = model;
      this.effects.push(...effects);
    }
    return this;
  }

  press(...keys: readonly string[]): this {
    return this.tell(...keys.map((key): Message => ({ type: "key", key })));
  }

  get selected(): string {
    const rows = rowsOf(this.model);
    return rows[selectedIndex(this.model, rows)]?.name ?? "";
  }
}

const target = (name: string): object => ({ tab: "containers", id: `id-${name}`, name });

describe("acts", () => {
  test("what ends something is asked about first", () => {
    for (const [key, act] of [
      ["s", "stop"],
      ["r", "restart"],
      ["d", "remove"],
      ["delete", "remove"],
    ] as const) {
      const play = new Play().press("end", key);
      expect(play.selected).toBe("up");
      expect(play.effects).toEqual([]);
      expect(play.press("n").effects).toEqual([]);
      expect(play.press(key, "y").effects).toEqual([{ type: "act", act, target: target("up") } as Effect]);
    }
  });

  test("by state: start and stop, pause and unpause, a shell where something runs", () => {
    expect(new Play().press("s").effects).toEqual([{ type: "act", act: "start", target: target("down") } as Effect]);
    expect(new Play().press("end", "p").effects[0]).toMatchObject({ act: "pause" });
    expect(new Play().press("down", "p").effects[0]).toMatchObject({ act: "unpause", target: target("held") });
    expect(new Play().press("end", "e").effects[0]).toMatchObject({ type: "shell" });
    const refused = new Play().press("e");
    expect(refused.effects).toEqual([]);
    expect(refused.model.notice).toMatchObject({ isError: true });
  });

  test("ctrl-c leaves from everywhere, q from a list only", () => {
    for (const keys of [[], ["/"], ["d"], ["l"], ["?"]])
      expect(new Play().press(...keys, "ctrl-c").effects).toEqual([{ type: "quit" }]);
    expect(new Play().press("l", "q").effects).toEqual([]);
    expect(new Play().press("l", "q", "q").effects).toEqual([{ type: "quit" }]);
    expect(new Play().press("/", "q").model.filter).toBe("q");
  });
});

describe("the selection", () => {
  test("stays with what is selected, or near to where that was", () => {
    const play = new Play().press("down");
    expect(play.selected).toBe("held");
    const more = [container("aaa", "running"), ...play.model.lists.containers];
    expect(play.tell({ type: "listed", lists: { containers: more } }).selected).toBe("held");
    play.tell({ type: "listed", lists: { containers: more.filter(({ Id }) => Id !== "id-held") } });
    expect(play.selected).toBe("up");
    expect(play.tell({ type: "listed", lists: { containers: [] } }).selected).toBe("");
    expect(play.press("s", "d", "l", "e", "up", "down", "end").effects).toEqual([]);
  });
});

test("a log that ended is read on when its container starts, and when the engine is back", () => {
  const play = new Play().press("end", "l").tell({ type: "log-ended", id: "id-up" });
  expect(play.model.page).toMatchObject({ endedAt: 1000, since: "" });
  play.tell({ type: "started", id: "id-down" });
  expect(play.model.page).toMatchObject({ endedAt: 1000 });
  play.tell({ type: "started", id: "id-up" });
  expect(play.model.page).toMatchObject({ endedAt: undefined, since: "1.000" });
  // In whatever order the three are heard of.
  play.tell({ type: "died", id: "id-up", at: "7.5" }, { type: "started", id: "id-up" });
  expect(play.model.page).toMatchObject({ endedAt: undefined, since: "1.000" });
  play.tell({ type: "log-ended", id: "id-up" });
  expect(play.model.page).toMatchObject({ endedAt: undefined, since: "7.5" });
  play.tell({ type: "died", id: "id-up", at: "8.5" }, { type: "log-ended", id: "id-up" });
  expect(play.model.page).toMatchObject({ endedAt: 1000 });
  play.tell({ type: "started", id: "id-up" });
  expect(play.model.page).toMatchObject({ endedAt: undefined, since: "8.5" });
  play.tell({ type: "log-ended", id: "id-up" }, { type: "connection", lost: "gone" });
  play.tell({ type: "connection", lost: undefined });
  expect(play.model.page).toMatchObject({ endedAt: undefined });
});

test("keys, however their bytes are cut", () => {
  const typed = "a\u001b[A\u001bOB\u001b[5~é日\u001b[3~\r\u007f\u0003\u001b[200z\u001b";
  const wanted = ["a", "up", "down", "page-up", "é", "日", "delete", "enter", "backspace", "ctrl-c", "escape"];
  const bytes = new TextEncoder().encode(typed);
  expect(new KeyDecoder().push(bytes)).toEqual(wanted);
  // Cut anywhere but behind an ESC, which is a key of its own.
  for (let at = 1; at < bytes.length; at += 1) {
    if (bytes[at - 1] === 0x1b) continue;
    const decoder = new KeyDecoder();
    expect([...decoder.push(bytes.slice(0, at)), ...decoder.push(bytes.slice(at))]).toEqual(wanted);
  }
});

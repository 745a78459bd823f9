/** Projects as a person sees them, in windows that change meanwhile. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TmuxWindow } from "../../../tools/lab/tmux.ts";
import { ComposeSide } from "../compose/fixture.ts";
import { inWindow, WIDTHS } from "./window.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "btmc0", bip: "172.31.243.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

const ticking = (word: string): string => `sh -c 'n=0; while :; do echo ${word} $$((n += 1)); sleep 0.3; done'`;
const services = ["first", "second", "third"];

function ticks(): void {
  const each = (name: string): string =>
    `  ${name}: {image: busybox, command: "${ticking(name)}", stop_grace_period: 0s}`;
  side.project(`services:\n${services.map(each).join("\n")}\n`, { "watched/file": "one\n" });
}

const play = (
  options: { columns?: number; rows?: number; env?: Record<string, string> },
  inside: (window: TmuxWindow) => Promise<void>,
): Promise<void> => inWindow(side.engine, { ...options, cwd: side.folder }, inside);

const MENU = /d Detach/g;

/** The keys stand below everything, once, and what services say above. */
async function isAtWork(window: TmuxWindow): Promise<void> {
  await window.sees("lines of all services and the keys below them", (screen) => {
    const last = screen.split("\n").at(-1) ?? "";
    return (
      MENU.test(last) && screen.match(MENU)?.length === 1 && services.every((name) => screen.includes(`${name}-1`))
    );
  });
}

test.each(WIDTHS)("compose up with its keys and logs -f in %p columns", async (columns) => {
  ticks();
  await play({ columns }, async (window) => {
    await window.enter("berth compose up");
    await isAtWork(window);
    expect(await window.coloured()).toContain("\u001b[3");
    for (const width of [44, 120, columns]) {
      await window.resize(width);
      await isAtWork(window);
    }
    await window.type("d");
    await window.endsWith(0);
    await window.clear();
    await window.enter("berth compose ps");
    const listed = await window.endsWith(0);
    for (const name of services) expect(listed).toMatch(new RegExp(`^shop-${name}-1 .*`, "m"));
    await window.clear();
    await window.enter("berth compose logs -f --tail 1");
    await window.shows(/^first-1 +\| first \d+$/m, /^second-1 +\| second \d+$/m, /^third-1 +\| third \d+$/m);
    await window.resize(40);
    await window.press("C-c");
    await window.endsWith(130);
    await window.resize(columns);
    await window.clear();
    await window.enter("berth compose up");
    await isAtWork(window);
    await window.press("C-c");
    await window.shows("Gracefully Stopping");
    await window.endsWith(130);
    await window.clear();
    await window.enter("berth compose down");
    const down = await window.endsWith(0);
    for (const name of services)
      expect(down.match(new RegExp(`Container shop-${name}-1 +Removed`, "g"))).toHaveLength(1);
  });
});

test("compose up's picture is whole when the window becomes narrow while it waits", async () => {
  side.project(`
services:
  base: {image: busybox, command: "sh -c 'until [ -e /go ]; do sleep 0.1; done; touch /ready; sleep 1000'", stop_grace_period: 0s, healthcheck: {test: "test -e /ready", interval: 100ms, retries: 10000}}
  after: {image: busybox, command: sleep 1000, stop_grace_period: 0s, depends_on: {base: {condition: service_healthy}}}
`);
  await play({ columns: 100 }, async (window) => {
    await window.enter("sh -c 'berth compose up -d; exit $?'");
    await window.shows(/Container shop-base-1 +Waiting/);
    for (const width of [30, 150, 40, 100]) {
      await window.resize(width, 24, { holding: "berth" });
      await window.sees(`one picture in ${width} columns`, (screen) => {
        const lines = screen.split("\n").filter((line) => !line.includes("$ "));
        return (
          screen.match(/\[\+\] /g)?.length === 1 &&
          ["shop-base-1", "shop-after-1"].every((name) => lines.filter((line) => line.includes(name)).length === 1)
        );
      });
    }
    await side.engine.ok("exec", "shop-base-1", "touch", "/go");
    const screen = await window.endsWith(0);
    expect(screen.match(/shop-after-1 +Started/g)).toHaveLength(1);
    expect(screen.match(/shop-base-1 +Healthy/g)).toHaveLength(1);
  });
});

test("no colours with NO_COLOR, no picture in a pipe", async () => {
  ticks();
  await play({ env: { NO_COLOR: "1" } }, async (window) => {
    await window.enter("berth compose up");
    await isAtWork(window);
    expect(await window.coloured()).not.toMatch(/\u001b\[(?:\d+;)*[349]\d[;m]/);
    await window.type("d");
    await window.endsWith(0);
    await window.clear();
    await window.enter("berth compose logs --tail 1 | cat -v; berth compose down 2>&1 | cat -v; echo end");
    const screen = await window.shows("\nend\n");
    expect(screen).not.toContain("^[");
    expect(screen).toMatch(/^ *Container shop-first-1 +Removed *$/m);
  });
});

test("compose watch tells what it does", async () => {
  const develop = "develop: {watch: [{path: watched, action: sync, target: /watched}]}";
  side.project(
    `services: {web: {build: {context: ., dockerfile_inline: "FROM busybox"}, command: sleep 1000, stop_grace_period: 0s, ${develop}}}`,
    { "watched/file": "one\n" },
  );
  await play({}, async (window) => {
    await window.enter("berth compose watch");
    await window.shows("Watch enabled");
    await window.resize(200);
    writeFileSync(join(side.folder, "watched/file"), "two\n");
    await window.shows(/[Ss]ync/);
    await window.press("C-c");
    await window.endsWith(130);
    expect(await side.ok("exec", "-T", "web", "cat", "/watched/file")).toBe("two\n");
  });
  await side.ok("down", "-t", "0", "--rmi", "all");
});

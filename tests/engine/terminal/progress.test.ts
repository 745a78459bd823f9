/** What is drawn over itself while it goes on: nothing of it is torn or doubled in windows that change meanwhile. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import type { ServerResponse } from "node:http";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../../tools/lab/command.ts";
import type { TmuxWindow } from "../../../tools/lab/tmux.ts";
import { startFakeEngine, type FakeEngine } from "../../conformance/fake-engine.ts";
import { BusyboxEngine } from "../../fault/busybox-engine.ts";
import { inWindow, WIDTHS } from "./window.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;
let told: FakeEngine;
/** The answer that waits for what the test lets it tell. */
let answer: ServerResponse | undefined;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "btmp0", bip: "172.31.242.1/24" });
  const stream = (response: ServerResponse): void => {
    response.flushHeaders();
    answer = response;
  };
  told = await startFakeEngine(join(engine.dir, "told.sock"), [
    [/^POST \/images\/create/, { stream }],
    [/^POST \/images\/.*\/push/, { stream }],
    [/^POST \/images\/load/, { stream }],
  ]);
}, 180_000);
afterAll(async () => {
  await told.close();
  await engine.close();
});

const LAYERS = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd"];

function tell(...messages: readonly object[]): void {
  answer?.write(messages.map((message) => `${JSON.stringify(message)}\r\n`).join(""));
}

function endAnswer(): void {
  answer?.end();
}

/** A line for each layer, in their order, that begins with its id and has `state`; nothing else below the command. */
async function showsLayers(window: TmuxWindow, state: string, columns: number): Promise<void> {
  await window.sees(`four lines of ${state} in ${columns} columns`, (screen) => {
    const lines = screen.split("\n").slice(-LAYERS.length);
    const isWhole = lines.every((line, at) => line.startsWith(`${LAYERS[at]}: ${state}`) && line.length <= columns);
    return isWhole && LAYERS.every((id) => screen.split(id).length === 2);
  });
}

const transfers = [
  {
    line: "berth pull app",
    moving: "Downloading",
    done: "Pull complete",
    last: "Status: Downloaded newer image for app",
  },
  { line: "berth push app", moving: "Pushing", done: "Pushed", last: "latest: digest: sha256:0 size: 1" },
  {
    line: "berth load -i archive.tar",
    moving: "Loading layer",
    done: "Loading layer",
    last: "Loaded image: app:latest",
  },
] as const;

test.each(transfers.flatMap((transfer) => WIDTHS.map((columns) => ({ ...transfer, columns }))))(
  "$line in $columns columns",
  async ({ line, moving, done, last, columns }) => {
    writeFileSync(join(engine.dir, "archive.tar"), new Uint8Array(10_240));
    const bars = (current: number): object[] =>
      LAYERS.map((id) => ({ status: moving, progressDetail: { current, total: 40_000_000 }, id }));
    await inWindow({ dir: engine.dir, host: told.host }, { columns }, async (window) => {
      answer = undefined;
      await window.enter(line);
      await eventually("the request", () => answer);
      tell(...bars(1_000_000));
      await showsLayers(window, moving, columns);
      let current = 2_000_000;
      for (const width of [44, 120, 30, columns]) {
        await window.resize(width);
        // Drawn for the new width, not the old picture broken in two.
        tell(...bars((current += 1_000_000)));
        await showsLayers(window, moving, width);
      }
      tell(...LAYERS.map((id) => ({ status: done, progressDetail: {}, id })), { status: last });
      endAnswer();
      const screen = await window.endsWith(0);
      for (const id of LAYERS) expect(screen.split(`${id}: ${done}`)).toHaveLength(2);
      expect(screen.split(last)).toHaveLength(2);
    });
  },
);

test("without a terminal a pull has a line for each change, and no bars", async () => {
  await inWindow({ dir: engine.dir, host: told.host }, {}, async (window) => {
    answer = undefined;
    await window.enter("berth pull app | cat");
    await eventually("the request", () => answer);
    tell(
      { status: "Pulling fs layer", progressDetail: {}, id: "aaaaaaaaaaaa" },
      { status: "Downloading", progressDetail: { current: 1, total: 2 }, id: "aaaaaaaaaaaa" },
      { status: "Pull complete", progressDetail: {}, id: "aaaaaaaaaaaa" },
    );
    endAnswer();
    await window.shows("\naaaaaaaaaaaa: Pulling fs layer\naaaaaaaaaaaa: Pull complete\n");
  });
});

/** What a step of a build talks to: it goes on for as long as the test holds the line. */
class HeldStep {
  readonly #server: Server;
  #socket: Socket | undefined;

  constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => (this.#socket = socket)).listen(0, "127.0.0.1");
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  say(text: string): void {
    this.#socket?.write(text);
  }

  async isReached(): Promise<void> {
    await eventually("the step", () => this.#socket);
  }

  close(): void {
    this.#socket?.end();
    this.#server.close();
  }
}

test.each(WIDTHS)("build in %p columns", async (columns) => {
  const step = new HeldStep();
  const folder = join(engine.dir, `build-${columns}`);
  mkdirSync(folder);
  const long = "x".repeat(150);
  writeFileSync(
    join(folder, "Dockerfile"),
    `FROM busybox\nRUN nc 127.0.0.1 ${step.port} && echo ${long}\nRUN echo last\n`,
  );
  const held = "[2/3] RUN nc 127.0.0.1";
  await inWindow(engine, { columns }, async (window) => {
    await window.enter(`sh -c 'berth build --network host -t built ${folder}; exit $?'`);
    await step.isReached();
    step.say("heard from afar\n");
    await window.shows(held, "heard from afar");
    for (const width of [40, 120]) {
      await window.resize(width, 24, { holding: "berth" });
      await window.sees(`one picture in ${width} columns`, (screen) => {
        const lines = screen.split("\n").filter((line) => /^( =>|\[\+\])/.test(line));
        const steps = lines.filter((line) => line.includes(held.slice(0, 12)));
        const heads = lines.filter((line) => line.startsWith("[+] Building"));
        return (
          steps.length === 1 && heads.length === 1 && / \d+\.\ds$/.test(steps[0] ?? "") && steps[0]?.length === width
        );
      });
    }
    step.close();
    const screen = await window.endsWith(0);
    expect(screen.split(held)).toHaveLength(2);
    expect(screen.split("FINISHED")).toHaveLength(2);
    expect(screen).toContain("naming to built:latest");
  });
});

test("a build that fails opens a shell where it failed, and says so without a terminal's signs in a pipe", async () => {
  const folder = join(engine.dir, "failing");
  mkdirSync(folder);
  writeFileSync(join(folder, "Dockerfile"), "FROM busybox\nRUN echo made > /made && sh -c 'exit 3'\n");
  await inWindow(engine, {}, async (window) => {
    await window.enter(`berth build ${folder} 2>&1 | cat -v; echo end`);
    expect(await window.shows("exit code: 3", "\nend\n")).not.toContain("^[");
    await window.clear();
    await window.enter(`berth build --debug ${folder}`);
    await window.shows(/# $|#$/);
    await window.enter("clear; cat /made; stty size");
    await window.shows("made\n24 80\n");
    await window.resize(120);
    await window.enter('until [ "$(stty size)" = "24 120" ]; do sleep 0.1; done; echo grown');
    await window.shows("\ngrown\n");
    await window.enter("exit");
    expect((await window.ended()).code).not.toBe(0);
  });
});

/** `berth ui` on a pseudo-terminal, made by script(1), with a real engine behind it. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { command, eventually, mustRun } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment } from "../../tools/lab/engines.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "buit0", bip: "172.31.229.1/24" });
}, 180_000);
afterAll(() => engine.close());
afterEach(() => engine.removeAll());

const OTHER_SCREEN = "\u001b[?1049h";
const OWN_SCREEN = "\u001b[?1049l";

/** The command on a terminal of 24 rows and 80 columns, with job control, and what its screen shows. */
class Terminal {
  readonly #dir: string;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  #output = "";
  readonly ended: Promise<void>;

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.#dir = engine.dir;
    const file = (name: string): string => join(engine.dir, `ui-${name}`);
    const ui = `sh -c 'echo $$ >${file("pid")}; exec ${berthCommand().join(" ")} ui'`;
    const end = `code=$?; stty -g >${file("after")}; echo code=$code.`;
    const again = `if [ $code = 148 ]; then read -r line; fg >/dev/null; ${end}; fi`;
    const line = `set -m; tty >${file("tty")}; stty rows 24 cols 80; stty -g >${file("before")}; ${ui}; ${end}; ${again}`;
    this.#child = Bun.spawn(["script", "-qec", `sh -c ${quoted(line)}`, "/dev/null"], {
      env: { ...process.env, TERM: "xterm-256color", ...definedOnly(cliEnvironment(engine.host)), ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.ended = this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) this.#output += decoder.decode(chunk, { stream: true });
  }

  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return Number(this.#file("pid"));
  }

  /** The lines of the screen that was drawn last. */
  get screen(): readonly string[] {
    const rows: string[] = [];
    for (const [all, row, text] of this.#output.matchAll(
      /\u001b\[2J|\u001b\[(\d+);1H\u001b\[2K((?:[^\u001b]|\u001b\[\d*m)*)/g,
    )) {
      if (row === undefined) rows.splice(0);
      else rows[Number(row) - 1] = (text ?? "").replaceAll(/\u001b\[\d*m/g, "");
      if (all === "") break;
    }
    return Array.from(rows, (line) => line ?? "");
  }

  type(text: string): void {
    void this.#child.stdin.write(text);
    void this.#child.stdin.flush();
  }

  async resize(rows: number, columns: number): Promise<void> {
    await mustRun(["stty", "-F", this.#file("tty"), "rows", String(rows), "cols", String(columns)]);
  }

  /** Waits until the screen has all of these. */
  async shows(...wanted: readonly (string | RegExp)[]): Promise<string> {
    try {
      return await eventually(`the screen with ${wanted.join(" and ")}`, () => {
        const text = this.screen.join("\n");
        return wanted.every((each) => (typeof each === "string" ? text.includes(each) : each.test(text)))
          ? text
          : undefined;
      });
    } catch (error) {
      throw new Error(
        `${String(error)}; it shows\n${this.screen.join("\n")}\nby ${JSON.stringify(this.#output.slice(-2000))}`,
        { cause: error },
      );
    }
  }

  /** The last line that something stands in. */
  async hasRows(count: number): Promise<void> {
    await eventually(`${count} rows`, () => (this.screen.length === count ? true : undefined));
  }

  async prints(text: string): Promise<void> {
    await eventually(`the terminal with ${JSON.stringify(text)}`, () =>
      this.#output.includes(text) ? true : undefined,
    );
  }

  /** It has ended with `code`, and the terminal is as it was. */
  async left(code: number): Promise<void> {
    await this.prints(`code=${code}.`);
    expect(this.#output.lastIndexOf(OWN_SCREEN)).toBeGreaterThan(this.#output.lastIndexOf(OTHER_SCREEN));
    expect(this.#output.lastIndexOf("\u001b[?25h")).toBeGreaterThan(this.#output.lastIndexOf("\u001b[?25l"));
    expect(this.#file("after")).toBe(this.#file("before"));
  }

  async close(): Promise<void> {
    this.#child.kill();
    await this.ended;
  }

  #file(name: string): string {
    return readFileSync(join(this.#dir, `ui-${name}`), "utf8").trim();
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function onTerminal(
  play: (terminal: Terminal) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const terminal = new Terminal(env);
  try {
    await play(terminal);
  } finally {
    await terminal.close();
  }
}

test("containers come and go, and are acted on", async () => {
  await engine.ok(
    "run",
    "-d",
    "--stop-signal",
    "KILL",
    "--name",
    "worker",
    "busybox",
    "sh",
    "-c",
    "while :; do :; done",
  );
  await onTerminal(async (terminal) => {
    await terminal.shows("containers 1/1", /> worker +running +\d+\.\d +[\d.]+[KM]iB/);
    await engine.ok("run", "-d", "--name", "aside", "busybox", "sleep", "1000");
    await terminal.shows("containers 2/2", /aside +running/, /> worker/);
    terminal.type("s");
    await terminal.shows("Stop worker? y/N");
    terminal.type("n");
    await terminal.shows("? keys");
    terminal.type("sy");
    await terminal.shows("containers 1/2", /> worker +exited 137/, "stopped worker");
    terminal.type("s");
    await terminal.shows("containers 2/2", /> worker +running/);
    terminal.type("p");
    await terminal.shows(/> worker +paused/);
    terminal.type("p");
    await terminal.shows(/> worker +running/);
    terminal.type("/asi\r");
    await terminal.shows(/> aside/, "only what has");
    expect(terminal.screen.join("\n")).not.toContain("worker");
    terminal.type("dy");
    await terminal.shows("nothing matches");
    terminal.type("\u001b");
    await terminal.shows("containers 1/1", /> worker/);
    terminal.type("4");
    await terminal.shows(/> bridge +bridge/, "172.31.229.0/24");
    terminal.type("2");
    await terminal.shows("images", "busybox:latest");
    terminal.type("1q");
    await terminal.left(0);
  });
});

test("logs are followed over restarts; use and processes; what is known", async () => {
  const line = "echo one; printf '\\033[31mred\\033[0m\\033]0;title\\007\\n' >&2; read x; echo got $x; sleep 1000";
  await engine.ok("run", "-dit", "--name", "talks", "busybox", "sh", "-c", line);
  await onTerminal(async (terminal) => {
    await terminal.shows(/> talks/);
    terminal.type("l");
    await terminal.shows("talks: logs", "one", "red");
    await engine.ok("restart", "-t", "0", "talks");
    await terminal.shows(/one\n[^]*one\n/);
    terminal.type("q");
    await terminal.shows("containers 1/1");
    terminal.type("t");
    await terminal.shows("talks: use", /CPU +\d/, /Processes +\d/, /CMD *\n.*sh -c/);
    terminal.type("q");
    await terminal.shows("containers 1/1");
    terminal.type("i");
    await terminal.shows('"Id": ');
    terminal.type("qw");
    await terminal.shows("why talks", "Last end");
    terminal.type("q");
    await terminal.shows("containers 1/1");
    terminal.type("\u0003");
    await terminal.left(0);
  });
});

test("a shell has the terminal, and gives it back", async () => {
  await engine.ok("run", "-d", "--name", "box", "busybox", "sleep", "1000");
  await onTerminal(async (terminal) => {
    await terminal.shows(/> box/);
    terminal.type("e");
    await terminal.prints("A shell in box");
    await terminal.prints("/ # ");
    terminal.type("stty size; echo $((6*7))-there\r");
    await terminal.prints("24 80");
    await terminal.prints("42-there");
    const before = terminal.output.length;
    terminal.type("exit\r");
    await eventually("the screen is back", () =>
      terminal.output.slice(before).includes(OTHER_SCREEN) ? true : undefined,
    );
    await terminal.shows(/> box +running/);
    // The first key after it is not lost.
    terminal.type("?");
    await terminal.shows("Keys", "a shell in it");
    terminal.type("qq");
    await terminal.left(0);
  });
});

test("another size, no colours", async () => {
  await engine.ok("run", "-d", "--name", "box", "busybox", "sleep", "1000");
  await onTerminal(
    async (terminal) => {
      await terminal.shows(/> box +running/);
      await terminal.hasRows(24);
      await terminal.resize(10, 200);
      await terminal.shows("NET I/O", "BLOCK I/O", "PIDS");
      await terminal.hasRows(10);
      await terminal.resize(3, 12);
      await terminal.hasRows(2);
      await terminal.shows("> box");
      expect(terminal.output).not.toMatch(/\u001b\[(?:\d+;)*[349]\d[;m]/);
      terminal.type("q");
      await terminal.left(0);
    },
    { NO_COLOR: "1" },
  );
});

test("suspended and continued; ended by a signal", async () => {
  await engine.ok("run", "-d", "--name", "box", "busybox", "sleep", "1000");
  await onTerminal(async (terminal) => {
    await terminal.shows(/> box/);
    terminal.type("\u001a");
    await terminal.left(148);
    terminal.type("\n");
    await eventually("the screen again", () =>
      terminal.output.lastIndexOf(OTHER_SCREEN) > terminal.output.indexOf("code=148.") ? true : undefined,
    );
    await terminal.shows(/> box +running/);
    process.kill(terminal.pid, "SIGTERM");
    await terminal.left(143);
  });
});

test("an engine that goes away and comes back", async () => {
  await engine.ok("run", "-d", "--name", "box", "busybox", "sleep", "1000");
  await onTerminal(async (terminal) => {
    await terminal.shows(/> box +running/);
    await engine.kill();
    await terminal.shows("Trying again");
    await engine.start();
    await engine.ok("run", "-d", "--name", "other", "busybox", "sleep", "1000");
    await terminal.shows(/box +running/, /other +running/, "containers 2/2");
    expect(terminal.screen.join("\n")).not.toContain("Trying again");
    terminal.type("q");
    await terminal.left(0);
  });
});

test("elsewhere than on a terminal one line says so", async () => {
  const { code, stderr, stdout } = await command([...berthCommand(), "ui"], { env: cliEnvironment(engine.host) });
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: "",
    stderr: "ui needs a terminal: use ps, stats and logs elsewhere\n",
  });
});

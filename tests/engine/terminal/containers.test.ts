/** Commands on containers as a person sees them, in windows that are narrow, wide, and change meanwhile. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { command } from "../../../tools/lab/command.ts";
import { berthCommand, cliEnvironment } from "../../../tools/lab/engines.ts";
import type { TmuxWindow } from "../../../tools/lab/tmux.ts";
import { BusyboxEngine } from "../../fault/busybox-engine.ts";
import { inWindow, WIDTHS } from "./window.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "btmx0", bip: "172.31.241.1/24" });
}, 180_000);
afterAll(() => engine.close());
afterEach(() => engine.removeAll());

const TICKING = ["busybox", "sh", "-c", "while :; do echo tick $((n = n + 1)); sleep 0.2; done"];
const ESCAPE = "\u001b[";
const otherWidth = (columns: number): number => (columns === 80 ? 200 : 80);

/** Asks the shell for its terminal's size until it is this one: the news of a new one takes its way. */
async function hasSize(window: TmuxWindow, size: string): Promise<void> {
  const word = crypto.randomUUID().slice(0, 8);
  await window.enter(`until [ "$(stty size)" = "${size}" ]; do sleep 0.1; done; clear; echo "${word} $(stty size)"`);
  await window.shows(new RegExp(`^${word} ${size}\n/ #$`));
}

test.each(WIDTHS)("run -it, attach and exec -it follow a window of %p columns", async (columns) => {
  await inWindow(engine, { columns }, async (window) => {
    await window.enter("berth run -it --name box busybox sh");
    await window.shows(/\n\/ #$/);
    await hasSize(window, `24 ${columns}`);
    await window.resize(otherWidth(columns), 30);
    await hasSize(window, `30 ${otherWidth(columns)}`);
    await window.press("C-p", "C-q");
    await window.endsWith(0);
    expect(await engine.ok("ps", "--format", "{{.Names}}")).toBe("box\n");

    await window.enter("berth attach box");
    await window.enter("echo back");
    await window.shows("\nback\n/ #");
    await hasSize(window, `30 ${otherWidth(columns)}`);
    await window.press("C-p", "C-q");
    await window.endsWith(1);
    await window.shows("/ # read escape sequence");
    await window.clear();
    await window.enter("berth exec -it box sh");
    await window.shows(/\n\/ #$/);
    await hasSize(window, `30 ${otherWidth(columns)}`);
    await window.resize(columns);
    await hasSize(window, `24 ${columns}`);
    await window.press("C-p", "C-q");
    await window.endsWith(1);
    await window.shows("/ # read escape sequence");
    // The terminal is as it was: what is typed shows, and lines end at the left.
    await window.enter("stty -a | grep -ow -e -icanon -e -echo -e -opost; echo plain");
    expect(await window.shows("\nplain\n")).not.toMatch(/\n-(icanon|echo|opost)\n/);
    await window.endsWith(0);
    await window.enter("berth attach box");
    await window.enter("exit 3");
    await window.endsWith(3);
  });
});

test("keys reach the container, other detach keys too, and ctrl-C ends what has no terminal", async () => {
  await inWindow(engine, {}, async (window) => {
    await window.enter("berth run --rm -it --name box --detach-keys ctrl-x,x busybox cat");
    await window.enter("one");
    await window.shows("one\none");
    await window.press("C-p", "C-q", "Enter");
    await window.press("C-x", "x");
    await window.endsWith(0);
    await engine.ok("rm", "-f", "box");
    await window.clear();
    await window.enter("berth run --rm --init busybox sh -c 'echo begins; sleep 1000'");
    await window.shows("\nbegins");
    await window.press("C-c");
    await window.endsWith(130);
    // Into a pipe it goes on without a terminal.
    await window.clear();
    await window.enter("echo given | berth run --rm -i busybox sh -c 'read x; echo got $x; tty' | cat");
    await window.shows("got given\nnot a tty");
  });
});

test.each(WIDTHS)("logs -f, stats and top in %p columns", async (columns) => {
  await engine.ok("run", "-d", "--name", "web-server", ...TICKING);
  await inWindow(engine, { columns }, async (window) => {
    await window.enter("berth logs -f web-server");
    await window.shows(/\ntick 2\ntick 3\n/);
    await window.resize(40);
    const seen = Number(/tick (\d+)$/.exec(await window.screen())?.[1]);
    await window.shows(new RegExp(`\\ntick ${seen + 1}\\ntick ${seen + 2}(\\n|$)`));
    await window.press("C-c");
    await window.endsWith(130);
    await window.clear();
    await window.resize(columns);

    await window.enter("berth stats");
    const wide = await window.shows(/^[^\n]*NAME [^\n]*CPU %[^\n]*\n[^\n]*web-server +\d+\.\d+%/);
    expect(/NET I\/O/.test(wide)).toBe(columns === 200);
    for (const width of [50, 120, columns]) {
      await window.resize(width);
      // One head, one row, and nothing of what was drawn at another width.
      await window.sees(`one table in ${width} columns`, (screen) => {
        const lines = screen.split("\n");
        return (
          lines.length === 2 &&
          /NAME .*CPU %/.test(lines[0] ?? "") &&
          /NET I\/O/.test(lines[0] ?? "") === width >= 120 &&
          /web-server +\d+\.\d+%/.test(lines[1] ?? "")
        );
      });
    }
    await window.press("C-c");
    await window.endsWith(130);

    await window.clear();
    await window.enter("berth top web-server");
    const top = await window.endsWith(0);
    expect(top).toMatch(/\nUID +PID +PPID +C +STIME +TTY +TIME +CMD\nroot +\d+/);
  });
});

test.each(WIDTHS)("ps and images stand in rows in %p columns, whole in a pipe", async (columns) => {
  const long = "echo this is quite a long command that nobody wants to read as a whole; sleep 1000";
  await engine.ok("run", "-d", "--name", "a-container-with-a-long-name", "-p", "8080:80", "busybox", "sh", "-c", long);
  await inWindow(engine, { columns }, async (window) => {
    await window.enter("berth ps; echo end");
    const screen = await window.shows("\nend\n");
    const [, head = "", row = ""] = screen.split("\n");
    expect(head).toMatch(/^CONTAINER ID .* NAMES$/);
    expect(row).toMatch(/^[0-9a-f]{12} .* a-container-with-a-long-name$/);
    expect(head.indexOf("NAMES")).toBe(row.indexOf("a-container"));
    await window.clear();
    await window.enter("berth ps --no-trunc | cat > piped; berth images; echo end");
    await window.shows(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/m, /^busybox +latest +[0-9a-f]{12} /m, "\nend\n");
    expect(await Bun.file(`${engine.dir}/piped`).text()).toContain(`"sh -c '${long}'"`);
  });
});

test("events are followed over a change of width, and every line is whole", async () => {
  await engine.ok("run", "-d", "--name", "box", ...TICKING);
  await inWindow(engine, { columns: 200 }, async (window) => {
    await window.enter(
      "berth events --since 0 --filter type=container --format '{{.Action}} {{.Actor.Attributes.name}}'",
    );
    await window.shows("\nstart box");
    await engine.ok("pause", "box");
    await window.shows("pause box");
    await window.resize(30);
    await engine.ok("unpause", "box");
    await window.shows(/pause box\nunpause box$/);
    await window.press("C-c");
    await window.endsWith(130);
  });
});

test("debug brings a shell, which follows the window, and nothing is left", async () => {
  await engine.ok("run", "-d", "--name", "web", "busybox", "sleep", "1000");
  await inWindow(engine, {}, async (window) => {
    await window.enter("berth debug web");
    await window.shows(/\/ #$/);
    await hasSize(window, "24 80");
    await window.resize(120, 20);
    await hasSize(window, "20 120");
    await window.enter("ps | grep -c '[s]leep 1000'; exit 4");
    await window.shows("\n1\n");
    await window.endsWith(4);
    expect(await engine.ok("ps", "-a", "--format", "{{.Names}}")).toBe("web\n");
  });
});

test("prune asks, and a password does not show", async () => {
  await engine.ok("create", "--name", "old", "busybox");
  await inWindow(engine, {}, async (window) => {
    await window.enter("berth container prune");
    await window.shows("WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N]");
    await window.enter("n");
    await window.ended();
    expect(await engine.ok("ps", "-aq")).not.toBe("");
    await window.clear();
    await window.enter("berth container prune");
    await window.shows("[y/N]");
    await window.press("C-c");
    await window.ended();
    expect(await engine.ok("ps", "-aq")).not.toBe("");
    await window.clear();
    await window.enter("berth container prune");
    await window.shows("[y/N]");
    await window.enter("y");
    await window.shows("Deleted Containers:", "Total reclaimed space: ");
    expect(await engine.ok("ps", "-aq")).toBe("");
    await window.clear();
    await window.enter(`berth login -u me ${engine.registry}`);
    await window.shows("Password:");
    await window.enter("very-secret");
    await window.ended();
    expect(await window.history()).not.toContain("very-secret");
    await window.enter("echo echoed");
    await window.shows("\nechoed\n");
  });
});

test("bash completes commands, flags and names", async () => {
  await engine.ok("create", "--name", "first-box", "busybox");
  await engine.ok("create", "--name", "second-box", "busybox");
  await inWindow(engine, {}, async (window) => {
    await window.enter("source <(berth completion bash)");
    await window.type("berth contai");
    await window.press("Tab");
    await window.shows(/berth container$/);
    await window.type("sta");
    await window.press("Tab", "Tab");
    await window.shows(/\nstart +.*\n?stats/);
    await window.type("rt fir");
    await window.press("Tab");
    await window.shows(/berth container start first-box$/);
    await window.press("C-c");
    await window.shows(/\n\d+\[\d+\]\$$/);
    await window.type("berth ps --no-t");
    await window.press("Tab");
    await window.shows(/berth ps --no-trunc$/);
    await window.press("C-c");
  });
});

test("colours are there for who looks, and gone with NO_COLOR and in a pipe", async () => {
  const mistake = [...berthCommand(), "pss"];
  const piped = await command(mistake, { env: { ...cliEnvironment(engine.host), NO_COLOR: undefined } });
  expect(piped.code).not.toBe(0);
  expect(piped.stderr).not.toContain(ESCAPE);
  for (const env of [{}, { NO_COLOR: "1" }]) {
    await inWindow(engine, { env }, async (window) => {
      await window.enter("berth pss");
      await window.shows(/ps/);
      await window.enter("berth build - <<<'FROM busybox'");
      await window.shows("FINISHED");
      expect((await window.coloured()).includes(ESCAPE)).toBe(!("NO_COLOR" in env));
    });
  }
});

const PANES = { "1": "containers", "2": "images", "3": "volumes", "4": "networks" } as const;

test.each(WIDTHS)("berth ui: panes, keys, shell and another size in %p columns", async (columns) => {
  await engine.ok("run", "-d", "--name", "box", "busybox", "sh", "-c", "echo said; sleep 1000");
  await engine.ok("volume", "create", "kept");
  await inWindow(engine, { columns }, async (window) => {
    await window.enter("echo before; berth ui");
    await window.shows(/> box +running/);
    for (const width of [40, 120, columns]) {
      await window.resize(width, 20);
      await window.sees(`a whole screen in ${width} columns`, (screen) => {
        const lines = screen.split("\n");
        return (
          lines.length === 20 &&
          lines.filter((line) => line.includes("> box")).length === 1 &&
          screen.includes("running")
        );
      });
    }
    for (const [key, title] of Object.entries(PANES)) {
      await window.type(key);
      await window.shows(title, { "1": "box", "2": "busybox", "3": "kept", "4": "bridge" }[key] ?? "");
    }
    await window.type("1");
    await window.shows(/> box/);
    await window.press("Enter");
    await window.shows("box: logs", "said");
    await window.type("q");
    await window.shows(/> box/);
    await window.type("e");
    await window.shows(/\/ # *$/);
    await window.enter("stty size; exit");
    await window.shows(/> box +running/);
    await window.type("?");
    await window.shows("a shell in it");
    await window.type("q");
    await window.shows(/> box/);
    await window.type("q");
    // What stood there before is there again.
    expect(await window.endsWith(0)).toContain("\nbefore\n");
    await window.enter("berth ui | cat");
    await window.shows("ui needs a terminal");
  });
  await engine.ok("volume", "rm", "kept");
});

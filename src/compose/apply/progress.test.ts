import { expect, test } from "bun:test";
import type { CliIo } from "#cli/cli-io.ts";
import { openProgress } from "./progress.ts";

/** What a terminal of a `size` that may change is written, taken piece by piece. */
function terminal(size: { columns: number; rows: number }, env: Record<string, string>) {
  let written = "";
  const stderr = {
    write: (data: string | Uint8Array) => void (written += String(data)),
    isTerminal: () => true,
    windowSize: () => size,
  };
  const taken = (): string => {
    const text = written;
    written = "";
    return text;
  };
  const time = { ms: 0, wake: () => {} };
  const sleep = (): Promise<void> => new Promise((resolve) => (time.wake = resolve));
  /** So much later, when what waits for it has had its turn. */
  const pass = async (ms: number): Promise<void> => {
    time.ms += ms;
    time.wake();
    await Bun.sleep(0);
  };
  return { io: { stderr, env, now: () => time.ms, sleep } as unknown as CliIo, taken, pass };
}

test("lines are drawn over those before, also in a window that has become narrower", () => {
  const size = { columns: 40, rows: 24 };
  const { io, taken } = terminal(size, { NO_COLOR: "1" });
  const progress = openProgress("auto", io);
  progress.report("Container a", "Creating");
  const title = "\r\u001b[K[+] Running 0/1\n";
  expect(taken()).toBe(`${title}\r\u001b[K${" ⠿ Container a  Creating".padEnd(35)}0.0s\n\u001b[J`);
  // The second line takes two rows now.
  size.columns = 30;
  progress.report("Container a", "Starting");
  expect(taken()).toBe(`\u001b[3A${title}\r\u001b[K${" ⠿ Container a  Starting".padEnd(25)}0.0s\n\u001b[J`);
  // Of what is above the window nothing can be drawn over.
  size.rows = 2;
  progress.report("Container a", "Started", "done");
  expect(taken()).toStartWith("\u001b[2A\r\u001b[K[+] Running 1/1\n");
  progress.giveWay();
  progress.report("Container a", "Started", "done");
  expect(taken()).toStartWith("\r\u001b[K[+] Running 1/1\n");
});

test("colours, unless NO_COLOR asks for none", () => {
  for (const [env, colour] of [
    [{}, true],
    [{ NO_COLOR: "1" }, false],
  ] as const) {
    const { io, taken } = terminal({ columns: 80, rows: 24 }, env);
    openProgress("tty", io).report("Network n", "Created", "done");
    expect(taken().includes("\u001b[32m")).toBe(colour);
  }
});

test("what goes on is drawn again as time passes, until something else is printed or it has ended", async () => {
  const size = { columns: 30, rows: 24 };
  const { io, taken, pass } = terminal(size, { NO_COLOR: "1" });
  const progress = openProgress("auto", io);
  progress.report("Container a", "Waiting");
  taken();
  size.columns = 20;
  await pass(1500);
  expect(taken()).toBe("\u001b[3A\r\u001b[K[+] Running 0/1\n\r\u001b[K ⠿ Container a 1.5s\n\u001b[J");
  progress.giveWay();
  await pass(1500);
  expect(taken()).toBe("");
  progress.report("Container a", "Healthy", "done");
  taken();
  await pass(1500);
  await pass(1500);
  expect(taken()).toBe("");
});

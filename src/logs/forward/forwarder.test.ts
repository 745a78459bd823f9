import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { BerthError } from "#base/errors.ts";
import { silentLog } from "#base/log.ts";
import type { ExitStatus, SupervisedProcess } from "#runtime/types.ts";
import { FilesInUse } from "../files/files-in-use.ts";
import { fileRecord, record } from "../testing/records.ts";
import { Forwarder } from "./forwarder.ts";
import type { LogMessage, Receiver } from "./receiver.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/berth-forward-`);
  path = `${directory}/output.log`;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

class TestReceiver implements Receiver {
  readonly lines: string[] = [];
  readonly messages: LogMessage[] = [];
  /** So many sends fail, after having taken half of what they were given. */
  failures = 0;

  async send(messages: readonly LogMessage[]): Promise<void> {
    const failed = this.failures > 0;
    if (failed) this.failures -= 1;
    const taken = failed ? messages.slice(0, Math.floor(messages.length / 2)) : messages;
    for (const message of taken) this.lines.push(Buffer.from(message.text).toString());
    this.messages.push(...taken);
    if (failed) throw new BerthError("unavailable", "gone");
  }

  close(): void {}
}

class Run {
  readonly #exit = Promise.withResolvers<ExitStatus>();
  readonly taken: bigint[] = [];
  readonly process = {
    exited: () => this.#exit.promise,
    logTaken: async (file: bigint) => void this.taken.push(file),
  } as unknown as SupervisedProcess;

  end(): void {
    this.#exit.resolve({ exitCode: 0, signal: 0, oomKilled: false, finishedAtNs: 0n });
  }
}

const forward = (receiver: Receiver, run: Run | undefined): Forwarder =>
  new Forwarder(
    {
      path,
      inUse: new FilesInUse(),
      open: async () => receiver,
      log: silentLog,
      firstRetryMs: 1,
      maxRetries: undefined,
      onSent: () => undefined,
    },
    undefined,
    run?.process,
  );
const write = (...lines: readonly string[]): void =>
  appendFileSync(path, Buffer.concat(lines.map((line) => record(line, 1n))));
const begin = (id: bigint): void => appendFileSync(path, fileRecord(id));
const rotate = (): void => {
  try {
    renameSync(`${path}.1`, `${path}.2`);
  } catch {
    // The first rotation.
  }
  renameSync(path, `${path}.1`);
};
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

test("what comes is sent, over rotations, until the run's end; another run goes on", async () => {
  const receiver = new TestReceiver();
  const run = new Run();
  begin(10n);
  write("1", "2");
  const forwarder = forward(receiver, run);
  while (receiver.lines.length < 2) await Bun.sleep(2);
  rotate();
  begin(20n);
  write("3");
  rotate();
  begin(30n);
  write("4");
  while (run.taken.length < 3) await Bun.sleep(2);
  run.end();
  await forwarder.finished;
  expect(receiver.lines).toEqual(["1", "2", "3", "4"]);
  expect(run.taken).toEqual([10n, 20n, 30n]);
  write("5");
  await forward(receiver, undefined).finished;
  expect(receiver.lines).toEqual(["1", "2", "3", "4", "5"]);
});

test("a receiver that fails gets everything in the end, in order", async () => {
  const receiver = new TestReceiver();
  receiver.failures = 3;
  begin(10n);
  write(...numbers(1, 5000));
  await forward(receiver, undefined).finished;
  expect([...new Set(receiver.lines)]).toEqual(numbers(1, 5000));
  expect(receiver.lines.length).toBeGreaterThan(5000);
});

test("a forwarder that is stopped in the middle leaves the rest to another", async () => {
  const run = new Run();
  begin(10n);
  write("1");
  const first = new TestReceiver();
  const stopped = forward(first, run);
  while (first.lines.length === 0) await Bun.sleep(2);
  await stopped.stop();
  write("2");
  rotate();
  begin(20n);
  write("3");
  const second = new TestReceiver();
  await forward(second, undefined).finished;
  expect([first.lines, second.lines]).toEqual([["1"], ["2", "3"]]);
});

test("lines that were rotated away are skipped", async () => {
  begin(10n);
  write("1");
  await forward(new TestReceiver(), undefined).finished;
  rmSync(path);
  begin(30n);
  write("9");
  const receiver = new TestReceiver();
  await forward(receiver, undefined).finished;
  expect(receiver.lines).toEqual(["9"]);
});

test("pieces of one line belong together", async () => {
  const receiver = new TestReceiver();
  begin(10n);
  appendFileSync(path, record("a", 1n, { partial: true }));
  appendFileSync(path, record("other", 1n, { stream: "stderr" }));
  appendFileSync(path, record("b", 2n));
  appendFileSync(path, record("end", 3n, { partial: true }));
  await forward(receiver, undefined).finished;
  const parts = receiver.messages.map(({ part }) => part && [part.ordinal, part.last]);
  expect(parts).toEqual([[1, false], undefined, [2, true], [1, false]]);
  expect(receiver.messages[0]?.part?.id).toBe(receiver.messages[2]?.part?.id ?? "");
  expect(receiver.messages[3]?.part?.id).not.toBe(receiver.messages[2]?.part?.id ?? "");
});

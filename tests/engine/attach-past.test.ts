/**
 * Attaching with the past (`logs=1&stream=1`) to a container that writes as fast as it can: what was written before and
 * what is written then come each once and in order, whatever keeps the log. ATTACH_CLIENTS says how many attach.
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createSocket, type Socket } from "node:dgram";
import { EngineClient } from "#client/engine-client.ts";
import { readAll } from "#host/http/duplex.ts";
import { dialSocket } from "#host/http/socket.ts";
import { Demultiplexer, type StdStream } from "#spec/docker/stdcopy.ts";
import { eventually } from "../../tools/lab/command.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(300_000);

const clients = Number(process.env["ATTACH_CLIENTS"] ?? 12);

let engine: BusyboxEngine;
let client: EngineClient;
let nobody: Socket;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bpast0", bip: "172.31.189.1/24" });
  client = new EngineClient({
    dial: dialSocket({ kind: "unix", path: engine.host.slice("unix://".length) }),
    hostName: engine.host,
  });
  nobody = createSocket("udp4");
  await new Promise<void>((resolve) => nobody.bind(0, "127.0.0.1", resolve));
}, 180_000);
afterAll(async () => {
  nobody.close();
  await engine.close();
});
afterEach(() => engine.removeAll());

/** Numbers from 1 on until there is a file /stop; a line in two writes, so that at most times one is open. */
const numbers = "i=0; while [ ! -e /stop ]; do i=$((i+1)); printf $i; echo; done";
const onBoth = "i=0; while [ ! -e /stop ]; do i=$((i+1)); printf $i; echo; printf $i >&2; echo >&2; done";

const start = (flags: readonly string[], script: string): Promise<string> =>
  engine.ok("run", "-d", ...flags, "--name", "writer", "busybox", "sh", "-c", script);

type Written = Partial<Record<StdStream, string>>;

/** What a client is given, by stream, until the container's end. */
async function read(stream: AsyncIterable<Uint8Array>, terminal: boolean): Promise<Written> {
  const pieces: Partial<Record<StdStream, Buffer[]>> = {};
  const keep = (name: StdStream, bytes: Uint8Array): void => void (pieces[name] ??= []).push(Buffer.from(bytes));
  const split = new Demultiplexer();
  for await (const chunk of stream) {
    if (terminal) keep("stdout", chunk);
    else split.push(chunk, keep);
  }
  return Object.fromEntries(Object.entries(pieces).map(([name, list]) => [name, Buffer.concat(list).toString()]));
}

/** Clients come one after the other while the container writes, which then ends. */
async function manyAttach(terminal: boolean): Promise<Written[]> {
  await eventually("a past", async () => (await engine.ok("logs", "writer")) !== "" || undefined);
  const readings: Promise<Written>[] = [];
  for (let count = 0; count < clients; count += 1) {
    const { stream } = await client.containers.attach("writer", {
      logs: true,
      stream: true,
      stdout: true,
      stderr: true,
    });
    readings.push(read(readAll(stream), terminal));
  }
  // It may be ended with the container.
  expect([0, 137]).toContain((await engine.run("exec", "writer", "touch", "/stop")).code);
  return Promise.all(readings);
}

/** Whether the text is lines of numbers, each one more than the one before. */
function counts(text: string, lineEnd: string): boolean {
  const lines = text.slice(0, -lineEnd.length).split(lineEnd);
  const first = Number(lines[0]);
  return text.endsWith(lineEnd) && lines.every((line, index) => line === String(first + index));
}

/** All have the same, from 1 to the last. Of texts that are megabytes long nobody wants to see a difference in full. */
function expectWhole(texts: readonly (string | undefined)[], lineEnd = "\n"): void {
  const [first = ""] = texts;
  expect(first.startsWith(`1${lineEnd}2${lineEnd}`)).toBe(true);
  expect(counts(first, lineEnd)).toBe(true);
  expect(texts.map((text) => text === first)).toEqual(texts.map(() => true));
}

const logFlags = (driver: string, options: readonly string[]): string[] => [
  ...["--log-driver", driver],
  ...options.flatMap((option) => ["--log-opt", option]),
];

test("each client has each line of both streams once", async () => {
  await start(logFlags("json-file", []), onBoth);
  const seen = await manyAttach(false);
  expectWhole(seen.map(({ stdout }) => stdout));
  expectWhole(seen.map(({ stderr }) => stderr));
});

test("so has each of a terminal", async () => {
  await start(["-t", ...logFlags("local", [])], numbers);
  const seen = await manyAttach(true);
  expectWhole(
    seen.map(({ stdout }) => stdout),
    "\r\n",
  );
});

test("so has each where the log is a copy of what goes elsewhere", async () => {
  await start(logFlags("syslog", [`syslog-address=udp://127.0.0.1:${nobody.address().port}`]), numbers);
  expectWhole((await manyAttach(false)).map(({ stdout }) => stdout));
});

test("each has what is left of a log that rotates away, and all that comes after it", async () => {
  await start(logFlags("json-file", ["max-size=20k", "max-file=2"]), numbers);
  const seen = (await manyAttach(false)).map(({ stdout = "" }) => stdout);
  expect(seen.map((text) => counts(text, "\n"))).toEqual(seen.map(() => true));
  const ends = seen.map((text) => text.trimEnd().split("\n").at(-1));
  expect(new Set(ends).size).toBe(1);
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import { FilesInUse } from "../files/files-in-use.ts";
import { openLogFile } from "../files/open-log-file.ts";
import { FileLogReader } from "./file-log-reader.ts";
import { record as recordOf } from "../testing/records.ts";
import type { LogQuery, LogSnapshot } from "../types.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/berth-logs-`);
  path = `${directory}/output.log`;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const second = 1_000_000_000n;

/** The time is in seconds. */
const record = (text: string, seconds = 1n, stream: "stdout" | "stderr" = "stdout", partial = false): Uint8Array =>
  recordOf(text, seconds * second, { stream, partial });

const query = (change: Partial<LogQuery> = {}): LogQuery => ({
  path,
  format: "records",
  stdout: true,
  stderr: true,
  tail: undefined,
  sinceNs: undefined,
  untilNs: undefined,
  follow: false,
  ended: Promise.resolve(),
  signal: new AbortController().signal,
  print: { framed: false, timestamps: false, attributes: "" },
  ...change,
});

async function text(change: Partial<LogQuery> = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of new FileLogReader({ inUse: new FilesInUse() }).read(query(change))) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const write = (...records: readonly Uint8Array[]): void => appendFileSync(path, Buffer.concat(records));
const rotate = (): void => {
  try {
    renameSync(`${path}.1`, `${path}.2`);
  } catch {
    // The first rotation.
  }
  renameSync(path, `${path}.1`);
};

describe("reading", () => {
  test("a log that does not exist is empty", async () => expect(await text()).toBe(""));

  test("lines, and lines cut into parts, come back as they were written", async () => {
    write(
      record("one"),
      record("", 1n),
      record("lo", 1n, "stdout", true),
      record("ng"),
      record("open", 1n, "stdout", true),
    );
    expect(await text()).toBe("one\n\nlong\nopen");
  });

  test("streams are chosen, framed and stamped", async () => {
    write(record("out", 0n), record("err", 1n, "stderr"), record("a", 2n, "stdout", true), record("b", 3n));
    expect(await text({ stdout: false })).toBe("err\n");
    expect(await text({ stderr: false })).toBe("out\nab\n");
    expect(await text({ print: { framed: false, timestamps: true, attributes: "k=v " } })).toBe(
      "1970-01-01T00:00:00.000000000Z k=v out\n1970-01-01T00:00:01.000000000Z k=v err\n1970-01-01T00:00:02.000000000Z k=v ab\n",
    );
    const frames: string[] = [];
    const decoder = new FrameDecoder();
    for await (const chunk of new FileLogReader({ inUse: new FilesInUse() }).read(
      query({ print: { framed: true, timestamps: false, attributes: "" } }),
    )) {
      for (const { stream, payload } of decoder.push(chunk))
        frames.push(`${stream}:${Buffer.from(payload).toString()}`);
    }
    expect(frames).toEqual(["stdout:out\n", "stderr:err\n", "stdout:a", "stdout:b\n"]);
  });

  test("since and until are both inclusive", async () => {
    write(...[1n, 2n, 3n, 4n].map((time) => record(String(time), time)));
    expect(await text({ sinceNs: 2n * second, untilNs: 3n * second })).toBe("2\n3\n");
  });

  test("a torn end is left out", async () => {
    write(record("whole"), record("torn").subarray(0, 20));
    expect(await text()).toBe("whole\n");
    expect(await text({ tail: 1 })).toBe("whole\n");
  });

  test("ends with what was there, of a container that writes as fast as is read", async () => {
    write(record("1"));
    let chunks = 0;
    for await (const chunk of new FileLogReader({ inUse: new FilesInUse() }).read(query())) {
      write(record(`${chunk.byteLength}`));
      if ((chunks += 1) > 10) break;
    }
    expect(chunks).toBe(1);
  });

  test("rotated files come first", async () => {
    write(record("1"));
    rotate();
    write(record("2"));
    rotate();
    write(record("3"));
    expect(await text()).toBe("1\n2\n3\n");
  });
});

describe("tail", () => {
  test("counts lines from the end, over rotated files, of the chosen streams", async () => {
    write(record("1"), record("2"));
    rotate();
    write(record("3", 1n, "stderr"), record("4"), record("5"));
    expect(await text({ tail: 0 })).toBe("");
    expect(await text({ tail: 1 })).toBe("5\n");
    expect(await text({ tail: 4 })).toBe("2\n3\n4\n5\n");
    expect(await text({ tail: 3, stderr: false })).toBe("2\n4\n5\n");
    expect(await text({ tail: 100 })).toBe("1\n2\n3\n4\n5\n");
  });

  test("a line in parts counts once, also one that has no end yet", async () => {
    write(record("1"), record("a", 1n, "stdout", true), record("b"), record("c", 1n, "stdout", true));
    expect(await text({ tail: 1 })).toBe("c");
    expect(await text({ tail: 2 })).toBe("ab\nc");
  });

  test("of a log larger than what is read at a time", async () => {
    const line = "x".repeat(1000);
    write(...Array.from({ length: 2000 }, (_, index) => record(`${line}${index}`)));
    const lines = (await text({ tail: 700 })).split("\n");
    expect([lines.length, lines[0], lines[699]]).toEqual([701, `${line}1300`, `${line}1999`]);
  });
});

describe("following", () => {
  test("gives what comes, over rotations, until the end of the run", async () => {
    writeFileSync(path, record("1"));
    const end = Promise.withResolvers<void>();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of new FileLogReader({ inUse: new FilesInUse() }).read(
        query({ follow: true, ended: end.promise }),
      )) {
        seen.push(Buffer.from(chunk).toString());
      }
    })();
    const until = async (expected: string): Promise<void> => {
      while (seen.join("") !== expected) await Bun.sleep(2);
    };
    await until("1\n");
    write(record("2"));
    await until("1\n2\n");
    write(record("3"));
    rotate();
    write(record("4"));
    rotate();
    write(record("5"));
    await until("1\n2\n3\n4\n5\n");
    write(record("6"));
    end.resolve();
    await reading;
    expect(seen.join("")).toBe("1\n2\n3\n4\n5\n6\n");
  });

  test("ends when the client leaves, and begins before there is a file", async () => {
    const leave = new AbortController();
    const never = new Promise<void>(() => {});
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of new FileLogReader({ inUse: new FilesInUse() }).read(
        query({ follow: true, ended: never, signal: leave.signal }),
      )) {
        seen.push(Buffer.from(chunk).toString());
      }
    })();
    await Bun.sleep(5);
    write(record("first"));
    while (seen.length === 0) await Bun.sleep(2);
    leave.abort();
    await reading;
    expect(seen).toEqual(["first\n"]);
  });
});

describe("a snapshot", () => {
  const take = (): { readonly inUse: FilesInUse; readonly snapshot: LogSnapshot } => {
    const inUse = new FilesInUse();
    return { inUse, snapshot: new FileLogReader({ inUse }).snapshot(query()) };
  };
  const read = async ({ chunks }: LogSnapshot): Promise<string> =>
    Buffer.concat(await Array.fromAsync(chunks)).toString();

  test("is what was there, whatever is written, rotated and removed before it is read", async () => {
    write(record("1"));
    rotate();
    write(record("2"), record("3", 1n, "stdout", true));
    const { snapshot } = take();
    write(record("4"));
    rotate();
    write(record("5"));
    rmSync(`${path}.1`);
    expect(await read(snapshot)).toBe("1\n2\n3");
  });

  test("is not read on once it is closed", async () => {
    write(...Array.from({ length: 3000 }, (_, index) => record(`${index}`)));
    const { snapshot } = take();
    const pieces: string[] = [];
    for await (const chunk of snapshot.chunks) {
      pieces.push(Buffer.from(chunk).toString());
      snapshot.close();
    }
    expect(pieces.length).toBe(1);
    const { snapshot: unread } = take();
    unread.close();
    expect(await read(unread)).toBe("");
  });

  test("of no log is empty, and stays so", async () => {
    const { snapshot } = take();
    write(record("1"));
    expect(await read(snapshot)).toBe("");
  });

  test("keeps its files from being compressed until it was read or closed", async () => {
    write(record("1"));
    const file = openLogFile(path);
    file?.close();
    const identity = file?.identity ?? "";
    const closed = take();
    expect(closed.inUse.has(identity)).toBe(true);
    closed.snapshot.close();
    closed.snapshot.close();
    expect(closed.inUse.has(identity)).toBe(false);
    const { inUse, snapshot } = take();
    await read(snapshot);
    expect(inUse.has(identity)).toBe(false);
  });
});

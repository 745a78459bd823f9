import { expect, test } from "bun:test";
import type { AttachStream } from "#runtime/types.ts";
import { pipe } from "./pipe.ts";
import type { RawConnection } from "./reply.ts";

const options = { input: true, terminal: false, endsInput: true, detachKeys: new Uint8Array() };

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

/** A process whose output ends when it is closed, or when `output` does. */
function processOf(output: (closed: Promise<void>) => AsyncIterable<Uint8Array>, write: AttachStream["write"]) {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const process: AttachStream = { readable: output(closed), write, endInput() {}, close };
  return { process, closed };
}

test("a client that had left before gets its process's stream closed, however silent that is", async () => {
  const gone = new AbortController();
  gone.abort();
  const client: RawConnection = { readable: chunks(), gone: gone.signal, write: () => Promise.resolve(false) };
  const silent = async function* (closed: Promise<void>): AsyncGenerator<Uint8Array> {
    await closed;
    yield* [];
  };
  const { process, closed } = processOf(silent, () => Promise.resolve());
  expect(await pipe(client, process, options)).toBe("gone");
  await closed;
});

test("a process that takes no more input still tells what it has to tell", async () => {
  const written: string[] = [];
  const refused = Promise.withResolvers<void>();
  const client: RawConnection = {
    readable: chunks("more", "and more"),
    gone: new AbortController().signal,
    write: (bytes) => Promise.resolve(written.push(Buffer.from(bytes).toString()) > 0),
  };
  const late = async function* (): AsyncGenerator<Uint8Array> {
    await refused.promise;
    await new Promise((resolve) => setImmediate(resolve));
    yield* chunks("last ", "words");
  };
  const { process } = processOf(late, () => {
    refused.resolve();
    return Promise.reject(new Error("closed"));
  });
  expect(await pipe(client, process, options)).toBe("ended");
  expect(written.join("")).toBe("last words");
});

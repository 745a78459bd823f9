import { expect, test } from "bun:test";
import type { JsonMessage } from "#spec/docker/json-message.ts";
import { showProgress } from "./progress.ts";

/** What a terminal that is resized on the way gets written for each message. */
async function written(
  ...steps: readonly (readonly [size: { columns: number; rows: number }, message: JsonMessage])[]
): Promise<readonly string[]> {
  const texts: string[] = [];
  let size = steps[0]?.[0];
  async function* messages(): AsyncGenerator<JsonMessage, void> {
    for (const [now, message] of steps) {
      size = now;
      texts.push("");
      yield message;
    }
  }
  await showProgress(messages(), {
    write: (data) => void (texts[texts.length - 1] += String(data)),
    isTerminal: () => true,
    windowSize: () => size,
  });
  return texts;
}

const wide = { columns: 200, rows: 24 };
const narrow = { columns: 20, rows: 24 };
const layer = (id: string, status: string): JsonMessage => ({ id, status, progressDetail: {} });

test("a line a layer, each drawn over where it first appeared", async () => {
  expect(
    await written(
      [wide, { status: "Pulling from app", id: "latest" }],
      [wide, layer("one", "Waiting")],
      [wide, layer("two", "Waiting")],
      [wide, layer("one", "Pull complete")],
    ),
  ).toEqual([
    "latest: Pulling from app\n",
    "\n\u001b[1A\u001b[2K\rone: Waiting \r\u001b[1B",
    "\n\u001b[1A\u001b[2K\rtwo: Waiting \r\u001b[1B",
    "\u001b[2A\u001b[2K\rone: Pull complete \r\u001b[2B",
  ]);
});

test("a window that became narrower has its broken lines drawn anew, as many as it has room for", async () => {
  const steps = [
    [wide, layer("one", "is longer than twenty letters")],
    [wide, layer("two", "is short")],
  ] as const;
  // Two rows and one; then the message itself, in one row.
  expect((await written(...steps, [narrow, layer("two", "is over")])).at(-1)).toBe(
    "\u001b[3A\r\u001b[Jone: is longer than \ntwo: is short \n\u001b[1A\u001b[2K\rtwo: is over \r\u001b[1B",
  );
  const flat = { columns: 20, rows: 2 };
  expect((await written(...steps, [flat, layer("two", "is over")])).at(-1)).toBe(
    "\u001b[1A\r\u001b[Jtwo: is short \n\u001b[1A\u001b[2K\rtwo: is over \r\u001b[1B",
  );
  // A new one comes below them.
  expect((await written(...steps, [narrow, layer("six", "begins")])).at(-1)).toBe(
    "\u001b[3A\r\u001b[Jone: is longer than \ntwo: is short \n\n\u001b[1A\u001b[2K\rsix: begins \r\u001b[1B",
  );
});

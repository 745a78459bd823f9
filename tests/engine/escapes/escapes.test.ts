/** Published ways out of containers, images and builds: each is tried, and leads nowhere. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildEscapes } from "./build-escapes.ts";
import { EscapeLab, secret } from "./escape-lab.ts";
import { fileEscapes } from "./file-escapes.ts";
import { imageEscapes } from "./image-escapes.ts";
import { runEscapes } from "./run-escapes.ts";

setDefaultTimeout(180_000);

let lab: EscapeLab;

beforeAll(async () => {
  lab = await EscapeLab.open("besc0", "172.31.226.1/24");
}, 180_000);
afterAll(() => lab.close());

test("what is looked for is found where it is given", async () => {
  const { stdout } = await lab.engine.run(
    "run",
    "--rm",
    "-v",
    `${lab.trap}:/given:ro`,
    "busybox",
    "sh",
    "-c",
    lab.look("/given"),
  );
  expect(stdout).toBe(`${secret}\nbelow\nsecret\n`);
});

describe.each([
  ["a container", runEscapes],
  ["copies", fileEscapes],
  ["an image", imageEscapes],
  ["a build", buildEscapes],
])("out of %s", (_, escapes) => {
  test.each(escapes.map((escape) => [escape.known, escape.what, escape] as const))(
    "%s: %s",
    async (_known, _what, escape) => {
      await escape.attempt(lab);
      expect(await lab.check()).toEqual([]);
    },
  );
});

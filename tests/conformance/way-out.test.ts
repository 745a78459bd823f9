/** What needs a way out of the machine, and so runs on the machine itself, with each of our clients. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { openLab, targetNames, type Lab } from "./target.ts";

setDefaultTimeout(180_000);

// The reference engine stands in a private network without a way out.
const names = targetNames.filter((name) => name.startsWith("berth:"));
let lab: Lab | undefined;

beforeAll(async () => {
  lab = await openLab({ names, distribution: true });
}, 300_000);

afterAll(async () => {
  await lab?.close();
}, 180_000);

test.each(names)("a distribution's container installs a package through the default network: %s", async (name) => {
  const target = lab?.targets.find((item) => item.name === name);
  const line = "apt-get update -qq 2>&1 && apt-get install -y -qq --no-install-recommends hello >/dev/null 2>&1; hello";
  const result = await target?.run(["run", "--rm", target.images.distribution, "sh", "-c", line]);
  expect({ ...result, stderr: "" }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/Hello, world!\n$/),
    stderr: "",
  });
});

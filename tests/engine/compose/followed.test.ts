/** What containers write over their restarts, until the last has ended: by `logs -f`, and by `up`. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { background } from "../../../tools/lab/background.ts";
import { eventually } from "../../../tools/lab/command.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { ComposeSide } from "./fixture.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bfollow0", bip: "172.31.160.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

test("lines of a container that is started again, and the ends of all", async () => {
  side.project(`
services:
  again: {image: busybox, command: "sh -c 'echo begins; exec sleep 1000'", stop_grace_period: 0s}
  stays: {image: busybox, command: sleep 1000, stop_grace_period: 0s}
`);
  await side.ok("up", "-d");
  const argv = [...berthCommand(), "compose", "-f", join(side.folder, "compose.yaml"), "logs", "-f"];
  const shown = background(argv, side.environment);
  await shown.waitFor(/^again-1 +\| begins$/mu);
  await side.engine.ok("restart", "-t", "0", "shop-again-1");
  const begun = (): number => shown.output().match(/^again-1 +\| begins$/gmu)?.length ?? 0;
  await eventually("the second line", () => (begun() === 2 ? true : undefined));
  await side.ok("kill");
  expect(await shown.end()).toBe(0);
  expect(begun()).toBe(2);
  expect(shown.output()).toContain("again-1 exited with code 137\n");
  expect(shown.output()).toContain("stays-1 exited with code 137\n");
});

test("every line of runs that are over at once, before the person", async () => {
  const policy = "restart: 'on-failure:4', stop_grace_period: 0s";
  side.project(`
services:
  ends: {image: busybox, command: "sh -c 'echo ran >> /runs; echo run $$(wc -l < /runs); exit 3'", ${policy}}
`);
  const argv = [...berthCommand(), "compose", "-f", join(side.folder, "compose.yaml"), "up"];
  const shown = background(argv, side.environment);
  expect(await shown.end()).toBe(0);
  const lines = shown.output().split("\n");
  expect(lines.filter((line) => line.startsWith("ends-1"))).toEqual([
    ...[1, 2, 3, 4, 5].map((run) => `ends-1  | run ${run}`),
    "ends-1 exited with code 3",
  ]);
});

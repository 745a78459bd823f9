/**
 * ctrl-C while containers are replaced a few at a time: it ends with 130, and the next `up` goes on, through the same gate of
 * health as the one that was cut off.
 */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { background, type Background } from "../../../tools/lab/background.ts";
import { eventually } from "../../../tools/lab/command.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { ComposeSide } from "./fixture.ts";
import { HoldingProxy } from "./holding-proxy.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bctrlu0", bip: "172.31.192.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

/** Healthy at once, or never when `isWell` says so. */
const text = (version: string, order: string, isWell = true): string => `
services:
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    environment: {VERSION: "${version}"}
    healthcheck: {test: "${isWell}", interval: 100ms, retries: ${isWell ? 2 : 1000}}
    deploy: {replicas: 2, update_config: {order: ${order}, failure_action: rollback}}
`;

const begin = (env: Readonly<Record<string, string>> = {}): Background =>
  background([...berthCommand(), "compose", "-f", join(side.folder, "compose.yaml"), "up", "-d"], {
    ...side.environment,
    ...env,
  });

async function interrupted(shown: Background): Promise<void> {
  shown.signal("SIGINT");
  expect([await shown.end(), shown.output()]).toEqual([130, expect.any(String)]);
}

const states = async (): Promise<readonly string[]> =>
  (await side.engine.ok("ps", "-a", "--format", "{{.Names}} {{.State}}")).trim().split("\n").toSorted();
const two = ["shop-web-1 running", "shop-web-2 running"];

async function versions(): Promise<readonly string[]> {
  const asked = two.map((line) => side.engine.ok("exec", line.replace(" running", ""), "sh", "-c", "echo $VERSION"));
  return (await Promise.all(asked)).map((answer) => answer.trim());
}

/** Requests of an update, in their order; the number of those of the kind that pass before is behind. */
const stages = [
  ["the new container is made", /^POST \/containers\/create/u, 0],
  ["the old one is stopped", /^POST \/containers\/[^/]+\/stop/u, 0],
  ["the new one is started", /^POST \/containers\/[^/]+\/start/u, 0],
  ["the old one gives its name away", /^POST \/containers\/[^/]+\/rename/u, 0],
  ["the new one takes it", /^POST \/containers\/[^/]+\/rename/u, 1],
  ["the second new container is made", /^POST \/containers\/create/u, 1],
  ["the second new one takes its name", /^POST \/containers\/[^/]+\/rename/u, 3],
  ["the old ones are removed", /^DELETE \/containers\//u, 0],
] as const;

describe.each(["stop-first", "start-first"])("%s", (order) => {
  describe.each([
    ["before the engine hears of it", false],
    ["when the engine has done it", true],
  ])("%s", (_, reaches) => {
    test.each(stages)("where %s", async (_stage, holds, passing) => {
      side.project(text("1", order));
      await side.ok("up", "-d", "--wait");
      side.project(text("2", order));
      const engineSocket = side.engine.host.replace("unix://", "");
      const proxy = new HoldingProxy({ dir: side.engine.dir, engineSocket, holds, reaches, passing });
      try {
        const shown = begin({ BERTH_HOST: proxy.host });
        await eventually("the request is held", () => (proxy.isHolding ? true : undefined));
        await interrupted(shown);
      } finally {
        await proxy.close();
      }
      await side.ok("up", "-d");
      expect([await states(), await versions()]).toEqual([two, ["2", "2"]]);
      expect(await side.ok("plan")).toBe("Nothing would change.\n");
    });
  });

  test("while a new one gets healthy: it has not shown that it works, and the next up rolls it back", async () => {
    side.project(text("1", order));
    await side.ok("up", "-d", "--wait");
    side.project(text("2", order, false));
    const shown = begin();
    await eventually("a new one runs", async () =>
      (await states()).some((line) => /^[0-9a-f]{12}_shop-web-1 running$/u.test(line)) ? true : undefined,
    );
    await interrupted(shown);
    side.project(text("2", order, false).replace("retries: 1000", "retries: 2"));
    const failed = await side.compose("up", "-d");
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("was rolled back: container shop-web-")]);
    expect([await states(), await versions()]).toEqual([two, ["1", "1"]]);
    side.project(text("3", order));
    await side.ok("up", "-d");
    expect([await states(), await versions()]).toEqual([two, ["3", "3"]]);
  });
});

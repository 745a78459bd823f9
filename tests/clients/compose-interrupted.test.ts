/** ctrl-C while a project comes up: docker compose v2 and `berth compose` end with the same exit code, at every stage. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { composePrograms } from "../../tools/lab/apt-suite.ts";
import { background } from "../../tools/lab/background.ts";
import { eventually } from "../../tools/lab/command.ts";
import { berthCommand } from "../../tools/lab/engines.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;
let theirs = "";
let asked = 0;
let registry: Bun.Server<undefined>;

beforeAll(async () => {
  theirs = join(await composePrograms(), "usr/libexec/docker/cli-plugins/docker-compose");
  engine = await BusyboxEngine.open({ bridge: "bcint0", bip: "172.31.190.1/24" });
  // A registry that never answers.
  registry = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: () => {
      asked += 1;
      return new Promise<never>(() => undefined);
    },
  });
  mkdirSync(join(engine.dir, "project"));
}, 600_000);
afterAll(async () => {
  await registry.stop(true);
  await engine.close();
});
afterEach(async () => {
  await engine.removeAll();
  await engine.ok("network", "prune", "-f");
});

const sleeper = "image: busybox, command: sleep 1000, stop_grace_period: 0s";
const unready = `${sleeper}, healthcheck: {test: 'false', interval: 100ms, retries: 1000}`;
const waiting = `services: {s: {${sleeper}, depends_on: {d: {condition: service_healthy}}}, d: {${unready}}}`;

test.each([
  ["pull", ["up", "-d"], (): string => `services: {s: {image: "127.0.0.1:${registry.port}/x"}}`, undefined],
  ["pull", ["create"], (): string => `services: {s: {image: "127.0.0.1:${registry.port}/x"}}`, undefined],
  ["wait for health", ["up", "-d"], (): string => waiting, /Container project-d-1 {2}Waiting/u],
  ["wait for all", ["up", "--wait"], (): string => `services: {s: {${unready}}}`, /Container project-s-1 {2}Waiting/u],
  [
    "output",
    ["up"],
    (): string => `services: {s: {${sleeper.replace("sleep", "sh -c 'echo ready; sleep")}'}}`,
    /ready/u,
  ],
] as const)("%s of %p", async (_stage, words, text, shows) => {
  const file = join(engine.dir, "project/compose.yaml");
  const env = { DOCKER_HOST: engine.host, BERTH_HOST: engine.host, HOME: engine.dir };
  const codes: Record<string, number> = {};
  for (const [tool, argv] of Object.entries({ theirs: [theirs], ours: [...berthCommand(), "compose"] })) {
    writeFileSync(file, text().replace("sleep 1000, stop_grace_period: 0s'", "sleep 1000', stop_grace_period: 0s"));
    asked = 0;
    const shown = background([...argv, "-f", file, ...words], env);
    if (shows === undefined) await eventually("the registry is asked", () => (asked > 0 ? true : undefined));
    else await shown.waitFor(shows);
    shown.signal("SIGINT");
    codes[tool] = await shown.end();
    expect(shown.output()).toMatch(
      words.length === 1 && words[0] === "up" ? /Gracefully [Ss]topping/u : /canceled\n$/u,
    );
    await engine.removeAll();
  }
  expect(codes["ours"]).toBe(130);
  // Seldom docker compose 2.26 ends with 2 here.
  expect([130, 2]).toContain(codes["theirs"] ?? -1);
});

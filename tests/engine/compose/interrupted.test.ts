/** ctrl-C at every stage of `up`: it ends with 130, and the next `up` finishes what was begun. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { background, type Background } from "../../../tools/lab/background.ts";
import { eventually } from "../../../tools/lab/command.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { ComposeSide } from "./fixture.ts";
import { HoldingProxy } from "./holding-proxy.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bctrlc0", bip: "172.31.194.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

function begin(words: readonly string[], env: Readonly<Record<string, string>> = {}): Background {
  const argv = [...berthCommand(), "compose", "-f", join(side.folder, "compose.yaml"), ...words];
  return background(argv, { ...side.environment, ...env });
}

async function interruptedBy(shown: Background, signal: "SIGINT" | "SIGTERM" = "SIGINT"): Promise<void> {
  shown.signal(signal);
  expect([await shown.end(), shown.output()]).toEqual([130, expect.any(String)]);
}

/** Everything of the project, by name and state. */
async function made(): Promise<readonly string[]> {
  const filter = ["--filter", "label=com.docker.compose.project=shop"];
  const listed = [
    await side.engine.ok("ps", "-a", "--format", "{{.Names}} {{.State}}", ...filter),
    await side.engine.ok("network", "ls", "--format", "{{.Name}}", ...filter),
    await side.engine.ok("volume", "ls", "--format", "{{.Name}}", ...filter),
  ];
  return listed.flatMap((text) => text.split("\n").filter((line) => line !== "")).toSorted();
}

const text = (version: string): string => `
services:
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    environment: {VERSION: "${version}"}
    volumes: ["data:/data"]
    depends_on: [db]
    configs: [{source: page, target: /page}]
  db: {image: busybox, command: sleep 1000, stop_grace_period: 0s}
volumes: {data: {}}
configs: {page: {content: "of ${version}"}}
`;
const whole = ["shop-db-1 running", "shop-web-1 running", "shop_data", "shop_default"];

/** `up` held at a request to the engine, interrupted, and done again. */
async function cutOffAt(holds: RegExp, reaches: boolean, version: string): Promise<void> {
  const engineSocket = side.engine.host.replace("unix://", "");
  const proxy = new HoldingProxy({ dir: side.engine.dir, engineSocket, holds, reaches });
  try {
    const shown = begin(["up", "-d"], { BERTH_HOST: proxy.host });
    await eventually("the request is held", () => (proxy.isHolding ? true : undefined));
    await interruptedBy(shown);
  } finally {
    await proxy.close();
  }
  await side.ok("up", "-d");
  expect(await made()).toEqual(whole);
  expect(await side.ok("exec", "-T", "web", "sh", "-c", "cat /page; echo; echo $VERSION")).toBe(
    `of ${version}\n${version}\n`,
  );
  expect(await side.ok("plan")).toBe("Nothing would change.\n");
}

describe.each([
  ["before the engine hears of it", false],
  ["when the engine has done it", true],
])("%s", (_, reaches) => {
  test.each([
    ["a network is made", /^POST \/networks\/create/u],
    ["a volume is made", /^POST \/volumes\/create/u],
    ["a container is made", /^POST \/containers\/create/u],
    ["its files are written", /^PUT \/containers\/[^/]+\/archive/u],
    ["a container is started", /^POST \/containers\/[^/]+\/start/u],
  ])("where %s", async (_stage, holds) => {
    side.project(text("1"));
    await cutOffAt(holds, reaches, "1");
  });

  test.each([
    ["the new container is made", /^POST \/containers\/create/u],
    ["its files are written", /^PUT \/containers\/[^/]+\/archive/u],
    ["the old one is stopped", /^POST \/containers\/[^/]+\/stop/u],
    ["the old one is removed", /^DELETE \/containers\//u],
    ["the new one gets its name", /^POST \/containers\/[^/]+\/rename/u],
    ["the new one is started", /^POST \/containers\/[^/]+\/start/u],
  ])("where a container is made anew and %s", async (_stage, holds) => {
    side.project(text("1"));
    await side.ok("up", "-d");
    side.project(text("2"));
    await cutOffAt(holds, reaches, "2");
  });
});

test.each([[["up", "-d"]], [["up"]], [["create"]]])("while an image is pulled: %p", async (words) => {
  let stalls = true;
  let asked = false;
  const registry = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (stalls && pathname.includes("/manifests/")) {
        asked = true;
        return new Promise<never>(() => undefined);
      }
      return fetch(`http://${side.engine.registry}${pathname}`, { method: request.method, headers: request.headers });
    },
  });
  try {
    const image = `127.0.0.1:${registry.port}/busybox`;
    side.project(`services: {s: {image: "${image}", command: sleep 1000, stop_grace_period: 0s}}`);
    const shown = begin(words);
    await eventually("the registry is asked", () => (asked ? true : undefined));
    await interruptedBy(shown);
    expect(await made()).toEqual([]);
    stalls = false;
    await side.ok("up", "-d");
    expect(await made()).toEqual(["shop-s-1 running", "shop_default"]);
    await side.ok("down", "-t", "0", "--rmi", "all");
  } finally {
    await registry.stop(true);
  }
});

test.each([[["up", "-d"]], [["up"]]])("while an image is built: %p", async (words) => {
  const files = (seconds: string): Record<string, string> => ({
    Dockerfile: "FROM busybox\nCOPY seconds /\nRUN echo it waits; sleep $(cat /seconds); touch /done\n",
    seconds,
  });
  const project = "services: {s: {build: ., command: sleep 1000, stop_grace_period: 0s}}";
  side.project(project, files("1000"));
  const shown = begin(words);
  await shown.waitFor(/it waits/u);
  await interruptedBy(shown);
  expect(await made()).toEqual([]);
  side.project(project, files("0"));
  await side.ok("up", "-d");
  expect(await side.ok("exec", "-T", "s", "ls", "/done")).toBe("/done\n");
  await side.ok("down", "-t", "0", "--rmi", "all");
});

test.each([[["up", "-d"]], [["up"]]])("while a container runs before the start: %p", async (words) => {
  const project = (command: string): string =>
    `services: {s: {image: busybox, command: sleep 1000, stop_grace_period: 0s, pre_start: [{command: ${command}}]}}`;
  side.project(project("sleep 1000"));
  const shown = begin(words);
  await eventually("it runs", async () => ((await made()).includes("shop-s-1-pre_start-0 running") ? true : undefined));
  await interruptedBy(shown);
  side.project(project("'true'"));
  await side.ok("up", "-d");
  expect(await made()).toEqual(["shop-s-1 running", "shop_default"]);
});

describe.each([
  ["before the engine hears of it", false],
  ["when the engine has done it", true],
])("while a container is being started, to stay with it, %s", (_, reaches) => {
  const one = "image: busybox, command: sleep 1000, stop_grace_period: 0s, attach: false";
  test.each([
    ["alone", `services: {s: {${one}}}`],
    ["while another waits for it", `services: {s: {${one}}, t: {${one}, depends_on: [s]}}`],
    ["with another of its kind", `services: {s: {${one}, scale: 2}}`],
  ])("%s", async (_how, project) => {
    side.project(project);
    const engineSocket = side.engine.host.replace("unix://", "");
    const proxy = new HoldingProxy({ dir: side.engine.dir, engineSocket, holds: /\/start$/u, reaches });
    try {
      const shown = begin(["up"], { BERTH_HOST: proxy.host });
      await eventually("the start is held", () => (proxy.isHolding ? true : undefined));
      shown.signal("SIGINT");
      await shown.waitFor(/Container shop-s-1 {2}Stopped/u);
      proxy.release();
      expect([await shown.end(), shown.output()]).toEqual([130, expect.any(String)]);
    } finally {
      await proxy.close();
    }
    expect(await side.ok("ps", "-q")).toBe("");
  });
});

test("while --wait waits", async () => {
  const project = (check: string): string =>
    `services: {s: {image: busybox, command: sleep 1000, stop_grace_period: 0s, healthcheck: {test: ${check}, interval: 100ms, retries: 1000}}}`;
  side.project(project("'false'"));
  const shown = begin(["up", "--wait"]);
  await shown.waitFor(/shop-s-1 {2}Waiting/u);
  await interruptedBy(shown);
  expect(await made()).toEqual(["shop-s-1 running", "shop_default"]);
  side.project(project("'true'"));
  await side.ok("up", "--wait");
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "with output before the person, by %s; what will not end is killed by a second",
  async (signal) => {
    side.project(
      `services: {s: {image: busybox, stop_grace_period: 1000s, command: sh -c 'trap "" TERM; echo ready; while :; do sleep 1; done'}}`,
    );
    const shown = begin(["up"]);
    await shown.waitFor(/s-1 {2}\| ready/u);
    shown.signal(signal);
    await shown.waitFor(/Gracefully Stopping/u);
    await interruptedBy(shown, signal);
    expect(await made()).toEqual(["shop-s-1 exited", "shop_default"]);
    writeFileSync(join(side.folder, "compose.yaml"), text("1"));
    await side.ok("up", "-d", "--remove-orphans");
    expect(await made()).toEqual(whole);
  },
);

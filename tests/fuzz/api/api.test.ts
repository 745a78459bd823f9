/**
 * The whole API fuzzed from its description on an engine of our own: whatever is asked, the answer is no fault of the
 * engine, the engine lives, and its memory and descriptors stay where they were.
 *
 * FUZZ_REQUESTS and FUZZ_SEED choose how many and which; compare.ts asks a dockerd the same.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, PATIENCE_MS } from "../../../tools/lab/command.ts";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../../tools/lab/debian-registry.ts";
import { startBerth, type RunningEngine } from "../../../tools/lab/engines.ts";
import { createNetworkNamespace, type NetworkNamespace } from "../../../tools/lab/network-namespace.ts";
import { processSize, type ProcessSize } from "../../../tools/lab/process-size.ts";
import { pushImage } from "../../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../../tools/lab/scratch.ts";
import { busyboxImage } from "../../../tools/lab/test-images.ts";
import { endpoints } from "./endpoints.ts";
import { makeFixtures, pullBusybox } from "./fixtures.ts";
import { Random } from "./random.ts";
import { sendRaw, type RawAnswer } from "./raw-http.ts";
import { fixtureNames, makeRequest, printRequest, type FuzzRequest } from "./requests.ts";
import { transportCases } from "./transport.ts";

setDefaultTimeout(1_800_000);

const count = Number(process.env["FUZZ_REQUESTS"] ?? 700);
/** How often every broken connection is made. */
const rounds = Math.ceil(count / 1500);
const seed = Number(process.env["FUZZ_SEED"] ?? 1);

let dir = "";
let network: NetworkNamespace | undefined;
let registry: RunningRegistry | undefined;
let engine: RunningEngine;
let execId = "";

beforeAll(async () => {
  dir = makeScratch("fuzz");
  // A network without a way out: some requests name registries and addresses of this world.
  network = await createNetworkNamespace();
  const port = await freePort();
  const storage = join(dir, "registry");
  const seed = await startDebianRegistry({ dir, storage, port });
  await pushImage(seed.address, "busybox", "latest", await busyboxImage());
  await seed.stop();
  registry = await startDebianRegistry({ dir, storage, port, network });
  engine = await startBerth({ dir, bridge: "bfuzz0", bip: "172.31.247.1/24", network });
  await pullBusybox(engine, `${registry.address}/busybox`);
  execId = await makeFixtures(engine);
});

afterAll(async () => {
  await engine?.stop();
  await registry?.stop();
  await network?.close();
  removeScratch(dir);
});

const sizeOfEngine = (): ProcessSize => processSize(engine.daemon.pid);

/** What an answer must be whatever was asked. Undefined when it is. */
function complaint(answer: RawAnswer, lasting: boolean): string | undefined {
  if (answer.status === 0) return answer.open && lasting ? undefined : "no answer";
  if (answer.status >= 500 && answer.status !== 501 && answer.status !== 503) {
    // A registry that cannot be reached is the world's fault, and told with this status by Docker too.
    return /"Get \\"https?:/.test(answer.body) ? undefined : "a fault of ours";
  }
  // What is no request at all is answered with its status as text, as Go's server does.
  if (answer.status < 400 || answer.body === "" || answer.headers["content-type"]?.startsWith("text/plain") === true)
    return undefined;
  // docker-compat: what is no handshake of a websocket is refused in its library's words.
  if (answer.body === "not websocket protocol") return undefined;
  const { message } = JSON.parse(answer.body) as { readonly message: unknown };
  return typeof message === "string" && message !== "" ? undefined : "no message";
}

async function fixturesStand(): Promise<boolean> {
  const listed = (await (await fetch("http://engine/containers/json?all=1", { unix: engine.socket })).json()) as {
    readonly Names: readonly string[];
    readonly State: string;
  }[];
  const states = fixtureNames.map((name) => listed.find((item) => item.Names.includes(`/${name}`))?.State);
  return listed.length === 3 && states.join() === "running,created,exited";
}

const text = (request: FuzzRequest): string =>
  `${request.method} ${request.target.slice(0, 300)} (${request.fault})\n${Buffer.from(request.body).toString("latin1").slice(0, 300)}`;

test("every endpoint of the description is known", async () => {
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace(/\{[a-z.]+\}/g, "nosuch");
    const bytes = Buffer.from(`${endpoint.method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
    const answer = await sendRaw(engine.socket, bytes, { timeoutMs: endpoint.lasting ? 80 : PATIENCE_MS });
    expect(`${endpoint.method} ${path}: ${answer.body}`).not.toContain("page not found");
  }
});

test(`${count} requests, seed ${seed}: no fault of ours, and the engine stays as large as it was`, async () => {
  const random = new Random(seed);
  const problems: string[] = [];
  const answered = new Map<string, number>();
  let settled: ProcessSize | undefined;
  for (let number = 0; number < count; number++) {
    const request = makeRequest(random, random.pick(endpoints));
    const lasting = request.endpoint.lasting;
    const answer = await sendRaw(engine.socket, printRequest(request, execId), {
      timeoutMs: lasting ? 80 : PATIENCE_MS,
    });
    const problem = complaint(answer, lasting);
    if (problem !== undefined)
      problems.push(`${problem}: ${text(request)}\n${answer.status} ${answer.body.slice(0, 300)}`);
    const group = `${Math.floor(answer.status / 100)}xx`;
    answered.set(group, (answered.get(group) ?? 0) + 1);
    if (request.method !== "GET" && answer.status < 400 && !(await fixturesStand()))
      execId = await makeFixtures(engine);
    if (number === count >> 1) settled = sizeOfEngine();
  }
  expect(problems).toEqual([]);
  expect(engine.daemon.running).toBe(true);
  // Both sides of the validation were reached.
  expect(answered.get("2xx") ?? 0).toBeGreaterThan(count / 50);
  expect(answered.get("4xx") ?? 0).toBeGreaterThan(count / 5);
  await expectSize(settled ?? sizeOfEngine());
});

test("broken connections", async () => {
  execId = await makeFixtures(engine);
  const random = new Random(seed);
  const before = sizeOfEngine();
  for (let round = 0; round < rounds; round++) {
    for (const item of transportCases(random)) {
      const answer = await sendRaw(engine.socket, item.bytes, item.options);
      // A transfer coding and a version of HTTP that nobody speaks here are refused with these.
      const isFault = answer.status >= 500 && answer.status !== 501 && answer.status !== 505;
      expect({ case: item.name, isFault }).toEqual({ case: item.name, isFault: false });
      expect(engine.daemon.running).toBe(true);
    }
    const ping = await sendRaw(
      engine.socket,
      Buffer.from("GET /_ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
      { timeoutMs: PATIENCE_MS },
    );
    expect(ping.status).toBe(200);
  }
  await expectSize(before);
});

test("bodies beyond every bound are refused while they come", async () => {
  const before = sizeOfEngine();
  const head =
    "POST /containers/create HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(0x100000, "["), Buffer.from("\r\n")]);
  const whole = Buffer.concat([
    Buffer.from(head),
    ...Array.from({ length: 24 }, () => chunk),
    Buffer.from("0\r\n\r\n"),
  ]);
  const answers = await Promise.all(Array.from({ length: 4 }, () => sendRaw(engine.socket, whole)));
  for (const answer of answers) expect(answer.status < 500).toBe(true);
  await expectSize(before);
});

test("the engine's log tells of no failure that was not expected", () => {
  const lines = readFileSync(engine.daemon.logPath, "utf8").split("\n");
  expect(lines.filter((line) => /unexpected failure|unhandled|fault in the engine/i.test(line))).toEqual([]);
});

/** The engine comes back to what it was, give or take what a collector leaves. */
async function expectSize(before: ProcessSize): Promise<void> {
  // The first published port brings seven (src/network/connect).
  await eventually("the engine's descriptors are closed again", () =>
    sizeOfEngine().descriptors <= before.descriptors + 13 ? true : undefined,
  );
  await eventually("the engine's memory is given back", () =>
    sizeOfEngine().memoryMib <= before.memoryMib + 32 ? true : undefined,
  );
}

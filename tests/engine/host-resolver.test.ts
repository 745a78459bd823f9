/** The host's resolv.conf changes while containers run: an engine with an /etc of its own. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, mustRun } from "../../tools/lab/command.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import { FakeUpstream } from "./network/fake-upstream.ts";

setDefaultTimeout(180_000);

const [FIRST, SECOND] = ["127.0.0.2", "127.0.0.3"];
const upstreams = { [FIRST]: new FakeUpstream(), [SECOND]: new FakeUpstream() };
const scratch = makeScratch("host-resolver");
const etc = join(scratch, "etc");
const file = join(etc, "resolv.conf");
let engine: BusyboxEngine;

/** What a container of the default network is told, and whom the name service asks: loopback addresses are the host's. */
const says = (server: string, outer: string): string =>
  `nameserver ${server}\nnameserver ${outer}\nsearch host.example\n`;

beforeAll(async () => {
  mkdirSync(etc);
  for (const name of ["passwd", "group", "hosts"]) await mustRun(["cp", join("/etc", name), etc]);
  writeFileSync(file, says(FIRST, "192.0.2.1"));
  for (const [address, upstream] of Object.entries(upstreams)) await upstream.open(address);
  const inside = 'mount --bind "$1" /etc && shift && exec "$@"';
  const through = ["unshare", "--mount", "sh", "-c", inside, "sh", etc];
  engine = await BusyboxEngine.open({ bridge: "bresolv0", bip: "172.31.237.1/24", through });
}, 180_000);
afterAll(async () => {
  for (const upstream of Object.values(upstreams)) upstream.close();
  await engine.close();
  removeScratch(scratch);
});
afterEach(async () => {
  await engine.removeAll();
  expect((await engine.api("POST", "/networks/prune")).status).toBe(200);
});

const start = (name: string, network: string): Promise<string> =>
  engine.ok("run", "-d", "--name", name, "--network", network, "busybox", "sleep", "1000");
const conf = (name: string): Promise<string> => engine.ok("exec", name, "cat", "/etc/resolv.conf");
const client = new URL("./network/ask-names.ts", import.meta.url).pathname;

/** Who is asked for a name that the world knows. */
async function askedBy(name: string): Promise<readonly string[]> {
  for (const { asked } of Object.values(upstreams)) asked.length = 0;
  const pid = (await engine.ok("inspect", "-f", "{{.State.Pid}}", name)).trim();
  const ask = [process.execPath, client, "udp", "127.0.0.11", "7.example", "1", "0"];
  expect(JSON.parse(await mustRun(["nsenter", `--net=/proc/${pid}/ns/net`, ...ask]))).toMatchObject({
    answers: ["192.0.2.7"],
  });
  return Object.entries(upstreams).flatMap(([address, { asked }]) => (asked.length > 0 ? [address] : []));
}

const tells = (name: string, text: string): Promise<true> =>
  eventually(`${text} in ${name}`, async () => ((await conf(name)).includes(text) ? true : undefined));

test("running containers follow it, by the name service and by their own file, unless somebody else wrote it", async () => {
  await engine.ok("network", "create", "front");
  await start("named", "front");
  for (const [name, network] of [
    ["plain", "bridge"],
    ["own", "bridge"],
    ["hosted", "host"],
  ] as const)
    await start(name, network);
  expect(await askedBy("named")).toEqual([FIRST]);
  await engine.ok("exec", "own", "sh", "-c", "echo options attempts:4 >>/etc/resolv.conf");
  const owns = await conf("own");

  writeFileSync(`${file}.new`, says(SECOND, "192.0.2.2"));
  renameSync(`${file}.new`, file);
  await tells("plain", "nameserver 192.0.2.2\n");
  expect(await conf("plain")).not.toContain("192.0.2.1");
  await tells("hosted", `nameserver ${SECOND}\n`);
  await tells("named", `# ExtServers: [host(${SECOND}) 192.0.2.2]\n`);
  expect(await askedBy("named")).toEqual([SECOND]);
  expect(await conf("own")).toBe(owns);

  writeFileSync(file, says(FIRST, "192.0.2.3"));
  await tells("plain", "nameserver 192.0.2.3\n");
  await tells("named", `# ExtServers: [host(${FIRST}) 192.0.2.3]\n`);
  expect(await askedBy("named")).toEqual([FIRST]);
});

test("what a link leads to, and what changed while the engine was away", async () => {
  await start("plain", "bridge");
  writeFileSync(join(etc, "made-elsewhere"), says(FIRST, "192.0.2.4"));
  unlinkSync(file);
  symlinkSync("made-elsewhere", file);
  await tells("plain", "nameserver 192.0.2.4\n");
  writeFileSync(join(etc, "made-elsewhere"), says(FIRST, "192.0.2.5"));
  await tells("plain", "nameserver 192.0.2.5\n");
  await engine.kill();
  writeFileSync(join(etc, "made-elsewhere"), says(FIRST, "192.0.2.6"));
  await engine.start();
  await tells("plain", "nameserver 192.0.2.6\n");
});

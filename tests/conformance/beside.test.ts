/**
 * Ours beside Debian's dockerd in one network, as on a machine that has both: dockerd drops forwarded packets by policy,
 * and each engine's containers must still reach out and be reached. Also the images that dockerd pushes.
 *
 *   outside 10.99.0.2 ──veth── 10.99.0.1 ┬ dockerd's bridge
 *   (a network of its own)               └ our bridge
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { background, type Background } from "../../tools/lab/background.ts";
import { command, eventually, mustRun } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry } from "../../tools/lab/debian-registry.ts";
import {
  berthCommand,
  cliEnvironment,
  dockerCli,
  startBerth,
  startDockerd,
  type RunningEngine,
} from "../../tools/lab/engines.ts";
import { createNetworkNamespace, type NetworkNamespace } from "../../tools/lab/network-namespace.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";

setDefaultTimeout(180_000);

const closers: (() => Promise<unknown>)[] = [];
let network: NetworkNamespace;
let outside: NetworkNamespace;
let dockerd: RunningEngine;
let berth: RunningEngine;
let registry = "";

beforeAll(async () => {
  const scratch = makeScratch("beside");
  closers.push(async () => removeScratch(scratch));
  network = await createNetworkNamespace();
  closers.push(() => network.close());
  outside = await createNetworkNamespace();
  closers.push(() => outside.close());
  await connect();
  const running = await startDebianRegistry({ dir: scratch, port: await freePort(), network });
  closers.push(() => running.stop());
  registry = running.address;
  const seed = await startDebianRegistry({ dir: scratch, port: Number(registry.split(":")[1]) });
  await pushImage(seed.address, "busybox", "latest", await busyboxImage());
  await seed.stop();
  const folder = async (name: string): Promise<string> => {
    await mustRun(["mkdir", join(scratch, name)]);
    return join(scratch, name);
  };
  // Dockerd sets its policy only where it turns forwarding on itself.
  await mustRun([...network.enter, "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"]);
  dockerd = await startDockerd({ dir: await folder("ref"), bridge: "bref0", bip: "172.31.250.1/24", network });
  closers.push(() => dockerd.stop());
  berth = await startBerth({ dir: await folder("our"), bridge: "bour0", bip: "172.31.251.1/24", network });
  closers.push(() => berth.stop());
  for (const cli of [docker, ours]) {
    await cli(["pull", "-q", `${registry}/busybox`]);
    await cli(["tag", `${registry}/busybox`, "busybox"]);
  }
}, 180_000);

afterAll(async () => {
  for (const closer of closers.reverse()) await closer();
}, 180_000);

async function connect(): Promise<void> {
  const [, pid] = /\/proc\/(\d+)\//.exec(outside.enter.join(" ")) ?? [];
  const inside = (...args: string[]): Promise<string> => mustRun([...network.enter, "ip", ...args]);
  await inside("link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", pid ?? "");
  await inside("addr", "add", "10.99.0.1/24", "dev", "up0");
  await inside("link", "set", "up0", "up");
  await mustRun([...outside.enter, "ip", "addr", "add", "10.99.0.2/24", "dev", "eth0"]);
  await mustRun([...outside.enter, "ip", "link", "set", "eth0", "up"]);
}

async function docker(args: readonly string[]): Promise<string> {
  return (await mustRun([await dockerCli(), ...args], { env: cliEnvironment(dockerd.host) })).trim();
}

async function ours(args: readonly string[]): Promise<string> {
  return (await mustRun([...berthCommand(), ...args], { env: cliEnvironment(berth.host) })).trim();
}

/** A web server in the network `outside` that says who asks. */
async function serveOutside(): Promise<Background> {
  const script = `Bun.serve({ hostname: "10.99.0.2", port: 80,
    fetch: (request, server) => new Response("you are " + server.requestIP(request).address + "\\n") });
    console.log("serving");`;
  const server = background([...outside.enter, process.execPath, "-e", script], {});
  await server.waitFor(/serving/);
  return server;
}

/** What the network `outside` gets from `url`. */
async function fetchOutside(url: string): Promise<string> {
  const script = `console.log(await (await fetch("${url}", { signal: AbortSignal.timeout(2000) })).text())`;
  return (await command([...outside.enter, process.execPath, "-e", script])).stdout.trim();
}

const rules = (): Promise<string> => mustRun([...network.enter, "iptables-save"]);
const withoutCounters = (text: string): string => text.replace(/^#.*$/gm, "").replace(/\[\d+:\d+\]/g, "");

test("dockerd drops what is forwarded, so that these tests prove something", async () => {
  expect(await rules()).toContain(":FORWARD DROP");
});

test("containers of both reach out, each behind the machine's address", async () => {
  const server = await serveOutside();
  try {
    const ask = ["run", "--rm", "busybox", "wget", "-qO-", "http://10.99.0.2/"];
    expect(await docker(ask)).toBe("you are 10.99.0.1");
    expect(await ours(ask)).toBe("you are 10.99.0.1");
  } finally {
    server.signal("SIGKILL");
    await server.end();
  }
});

test("published ports of both are reached from outside", async () => {
  const serve = (port: string, word: string): string[] => [
    ...["run", "-d", "--name", word, "-p", `${port}:80`, "busybox"],
    ...["sh", "-c", `echo ${word} > /index.html; exec httpd -f -p 80 -h /`],
  ];
  await docker(serve("8081", "reference"));
  await ours(serve("8082", "berth"));
  try {
    for (const [port, word] of [
      ["8081", "reference"],
      ["8082", "berth"],
    ] as const) {
      await eventually(`port ${port}`, async () =>
        (await fetchOutside(`http://10.99.0.1:${port}/index.html`)) === word ? true : undefined,
      );
    }
  } finally {
    await docker(["rm", "-f", "reference"]);
    await ours(["rm", "-f", "berth"]);
  }
});

test("what dockerd committed and pushed is pulled and run", async () => {
  const name = `${registry}/committed:v1`;
  await docker(["run", "--name", "source", "busybox", "sh", "-c", "echo kept > /kept; rm /bin/ls; ln -s kept /link"]);
  await docker([
    "commit",
    "-c",
    "ENV MADE_BY=dockerd",
    "-c",
    'CMD ["sh","-c","echo $MADE_BY; cat /link"]',
    "source",
    name,
  ]);
  await docker(["push", name]);
  await docker(["rm", "source"]);
  expect(await docker(["run", "--rm", name])).toBe("dockerd\nkept");
  expect(await ours(["run", "--rm", "-q", name])).toBe("dockerd\nkept");
  expect(await ours(["run", "--rm", name, "sh", "-c", "test -e /bin/ls || echo gone"])).toBe("gone");
  const digest = await docker(["image", "inspect", "-f", "{{index .RepoDigests 0}}", name]);
  expect(await ours(["image", "inspect", "-f", "{{index .RepoDigests 0}}", name])).toBe(digest);
});

test("ours takes its rule out of dockerd's chain when it stops, and dockerd goes on", async () => {
  const during = withoutCounters(await rules());
  expect(during).toContain("bour0");
  await berth.stop();
  const after = withoutCounters(await rules());
  expect(after).not.toContain("bour0");
  expect(await docker(["run", "--rm", "busybox", "echo", "alive"])).toBe("alive");
});

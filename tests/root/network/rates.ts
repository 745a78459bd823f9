/** How fast containers send and receive: by what their interfaces are set to, and by what came. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { parseNetworkRate } from "#base/network-rate.ts";
import type { LocalNetworks } from "#network/local-networks.ts";
import type { Endpoint } from "#network/types.ts";
import { mustRun } from "../../../tools/lab/command.ts";
import { sink } from "./peers.ts";
import { containerId, HOST_ADDRESS, makeEngine, makeMachine, Namespace, OUTSIDE_ADDRESS, run } from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

let outside: Namespace;
let networks: LocalNetworks;

beforeAll(() => {
  outside = makeMachine("uplink", HOST_ADDRESS, OUTSIDE_ADDRESS);
});
afterAll(() => outside.end());

beforeEach(async () => {
  ({ networks } = makeEngine());
  await networks.reconcile([]);
});

afterEach(async () => {
  await networks.close();
  expect(run("ip", "-o", "link")).not.toMatch(/berth|veth/);
});

async function inBridge(rate: string, use: (inside: Namespace, endpoint: Endpoint) => Promise<void>): Promise<void> {
  using inside = new Namespace();
  const { id: networkId } = await networks.find("bridge");
  const request = { containerId: containerId("web"), containerName: "web", networkId, ports: [] };
  try {
    const limit = rate === "none" ? {} : { rate: parseNetworkRate(rate) };
    const endpoint = await networks.reserve({ ...request, ...limit });
    await networks.connect([endpoint], inside.path);
    await use(inside, endpoint);
  } finally {
    await networks.release(request.containerId);
  }
}

const limits = (inside: Namespace, { id }: Endpoint): readonly string[] =>
  [run("tc", "qdisc", "show", "dev", `veth${id.slice(0, 7)}`), inside.run("tc", "qdisc", "show", "dev", "eth0")].map(
    (text) => /qdisc tbf .* rate (\S+) /.exec(text)?.[1] ?? "none",
  );

/** Sends to `address` from `from`, the command's beginning: what came, and how long that took. */
async function transfer(from: readonly string[], to: Namespace, address: string, bytes: number) {
  const received = sink(to.fd, 7001);
  const beganMs = performance.now();
  await mustRun([...from, "bash", "-c", `exec 3<>/dev/tcp/${address}/7001 && head -c ${bytes} /dev/zero >&3`]);
  return { bytes: await received, tookMs: performance.now() - beganMs };
}

test.each(["sends", "receives"])("a rate holds for what it %s", async (direction) => {
  await inBridge("4mbit/64k", async (inside, endpoint) => {
    expect(limits(inside, endpoint)).toEqual(["4Mbit", "4Mbit"]);
    const bytes = 640 << 10;
    const received =
      direction === "sends"
        ? await transfer(["nsenter", `--net=${inside.outerPath}`], outside, OUTSIDE_ADDRESS, bytes)
        : await transfer([], inside, endpoint.ipv4, bytes);
    expect(received.bytes).toBe(bytes);
    // At 500,000 bytes a second, after what may pass at once.
    expect(received.tookMs).toBeGreaterThan(((bytes - (64 << 10)) / 500_000) * 1000 * 0.9);
  });
});

test("a rate changes and goes while the container runs, and others than bridges have none", async () => {
  await inBridge("none", async (inside, endpoint) => {
    expect(limits(inside, endpoint)).toEqual(["none", "none"]);
    for (const [rate, shown] of [
      ["1gbit/1m", "1Gbit"],
      ["64gbit", "64Gbit"],
      ["none", "none"],
      ["none", "none"],
    ] as const) {
      await networks.setRate(endpoint.containerId, rate === "none" ? undefined : parseNetworkRate(rate), inside.path);
      expect(limits(inside, endpoint)).toEqual([shown, shown]);
    }
  });
  const { id: networkId } = await networks.find("none");
  const request = {
    containerId: containerId("x"),
    containerName: "x",
    networkId,
    ports: [],
    rate: parseNetworkRate("1mbit"),
  };
  await expect(networks.reserve(request)).rejects.toThrow("a rate in the network none, whose driver is null");
});

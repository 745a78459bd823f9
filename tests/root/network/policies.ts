/** What passes between the containers of a network with a policy. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalNetworks } from "#network/local-networks.ts";
import { parsePolicyRule } from "#network/policy/policy-rule.ts";
import type { NetworkRequest } from "#network/types.ts";
import { makeEngine, run, serve, startContainer, tcp, type TestContainer } from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

let networks: LocalNetworks;

beforeEach(async () => {
  ({ networks } = makeEngine());
  await networks.reconcile([]);
});

/** Nothing of the engine is left. */
afterEach(async () => {
  run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0");
  for (const { id, predefined } of await networks.list()) if (!predefined) await networks.remove(id);
  await networks.close();
  expect(run("nft", "list", "tables")).toBe("");
  expect(run("ip", "-o", "link")).not.toMatch(/berth|br-|veth/);
});

const made = (name: string, more: Partial<NetworkRequest> = {}) =>
  networks.create({
    name,
    driver: "",
    ipv4: true,
    ipv6: false,
    addresses: [],
    internal: false,
    attachable: false,
    labels: {},
    options: {},
    configOnly: false,
    configFrom: "",
    ...more,
  });

const policy = (network: string, ...rules: readonly string[]): Promise<void> =>
  networks.setPolicy(network, rules.map(parsePolicyRule));

async function started(name: string, network: string): Promise<TestContainer> {
  const container = await startContainer(networks, name, [], network);
  container.namespace.serve("tcp", 80, name, "::");
  return container;
}

type Ask = readonly [from: TestContainer, to: TestContainer, port?: number, ipv6?: "ipv6"];

/** Who answers, of all asked at once. */
async function reached(...asks: readonly Ask[]): Promise<readonly string[]> {
  const answers = asks.map(([from, { endpoint }, port = 80, ipv6]) =>
    from.namespace.probe([["tcp", ipv6 === undefined ? endpoint.ipv4 : endpoint.ipv6, port]]),
  );
  return (await Promise.all(answers)).flat().map((answer) => /^(\w+) saw/.exec(answer)?.[1] ?? answer);
}

describe.each(["0", "1"])("with bridge-nf-call-iptables=%s", (bridged) => {
  test("nothing passes but what is allowed, and the answers to it; live", async () => {
    run("sysctl", "-qw", `net.bridge.bridge-nf-call-iptables=${bridged}`);
    await made("net");
    await using app = await started("app", "net");
    await using db = await started("db", "net");
    db.namespace.serve("tcp", 5432, "pg");
    expect(await reached([app, db])).toEqual(["db"]);
    await policy("net", "app->db:5432");
    expect(await reached([app, db, 5432], [app, db], [db, app])).toEqual(["pg", "timeout", "timeout"]);
    await using late = await started("late", "net");
    expect(await reached([late, app], [late, db])).toEqual(["timeout", "timeout"]);
    await policy("net", "app->db:5432", "*->late", "late->*:80-81");
    expect(await reached([late, app], [late, db], [db, late], [db, app])).toEqual(["app", "db", "late", "timeout"]);
    await policy("net");
    expect(await reached([db, late], [db, app])).toEqual(["late", "app"]);
  });
});

test("a way round through the host is none", async () => {
  await made("net");
  await using app = await started("app", "net");
  await using db = await started("db", "net");
  await policy("net", "app->db:5432");
  for (const [from, to] of [
    [app, db],
    [db, app],
  ] as const)
    from.namespace.run("ip", "route", "add", `${to.endpoint.ipv4}/32`, "via", from.endpoint.gateway);
  expect(await reached([app, db], [db, app])).toEqual(["timeout", "timeout"]);
  await policy("net", "app->db");
  expect(await reached([app, db], [db, app])).toEqual(["db", "timeout"]);
});

test("an isolated network has no need of rules, a rule follows names, IPv6 as well", async () => {
  await made("net", { options: { "berth.network.isolated": "true" }, ipv6: true });
  await using app = await started("app", "net");
  await using db = await started("db", "net");
  expect(await reached([app, db], [app, db, 80, "ipv6"])).toEqual(["timeout", "timeout"]);
  await policy("net", "app->store:80");
  expect(await reached([app, db])).toEqual(["timeout"]);
  await networks.rename(db.id, "store");
  expect(await reached([app, db], [app, db, 80, "ipv6"], [db, app, 80, "ipv6"])).toEqual(["db", "db", "timeout"]);
});

test("others' networks are as they were, and the host is reached", async () => {
  await made("net");
  await made("open");
  await using app = await started("app", "net");
  await using one = await started("one", "open");
  await using two = await started("two", "open");
  await policy("net", "app->nobody");
  expect(await reached([one, two])).toEqual(["two"]);
  run("nft", "delete", "table", "bridge", "berth_test");
  await using published = await startContainer(networks, "published", [tcp(80, 8080)], "open");
  expect(published.endpoint.ports).not.toEqual([]);
  expect(run("nft", "list", "tables")).toContain("table bridge berth_test");
  using _host = serve("tcp", 7005, "host");
  expect(await app.namespace.ask("tcp", app.endpoint.gateway, 7005)).toBe(`host saw ${app.endpoint.ipv4}`);
});

test("a policy outlives the engine, and stands while it comes back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-policies-"));
  try {
    const path = join(folder, "state.db");
    await networks.close();
    const first = makeEngine({}, path);
    ({ networks } = first);
    await networks.reconcile([]);
    await made("net");
    const app = await started("app", "net");
    const db = await started("db", "net");
    await policy("net", "db->app:80");
    await networks.close();
    first.closeDatabase();
    expect(await reached([app, db])).toEqual(["timeout"]);
    ({ networks } = makeEngine({}, path));
    await networks.reconcile(
      [app, db].map(({ id, namespace }, index) => ({
        containerId: id,
        networkNamespace: namespace.path,
        containerName: ["app", "db"][index] ?? "",
      })),
    );
    expect((await networks.find("net")).policy).toEqual(["db->app:80/tcp"]);
    expect(await reached([app, db], [db, app])).toEqual(["timeout", "app"]);
    for (const { id, namespace } of [app, db]) {
      await networks.release(id);
      namespace.end();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("networks that cannot keep a policy say so", async () => {
  await made("apart", { options: { "com.docker.network.bridge.enable_icc": "false" } });
  await expect(policy("bridge", "a->b")).rejects.toThrow("containers of the default network have no names");
  await expect(policy("host", "a->b")).rejects.toThrow("its driver is host");
  await expect(policy("apart", "a->b")).rejects.toThrow("enable_icc=false keeps all its containers apart");
});

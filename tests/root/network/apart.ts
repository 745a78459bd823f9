/** Who reaches whom: containers of one network and of several, from outside and from the host, in networks of each kind. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { LocalNetworks } from "#network/local-networks.ts";
import type { NetworkRequest } from "#network/types.ts";
import { PATIENCE_MS } from "../../../tools/lab/command.ts";
import {
  HOST_ADDRESS,
  makeEngine,
  makeMachine,
  OUTSIDE_ADDRESS,
  run,
  startContainer,
  tcp,
  type Namespace,
  type TestContainer,
} from "./scratch.ts";

if (process.env["BERTH_SCRATCH_HOST"] !== "1")
  throw new Error("run tests/root/network.test.ts: it makes the scratch host");

let outside: Namespace;
let networks: LocalNetworks;

beforeAll(async () => {
  outside = makeMachine("uplink", HOST_ADDRESS, OUTSIDE_ADDRESS);
  outside.serve("tcp", 7000, "outside");
  ({ networks } = makeEngine());
  await networks.reconcile([]);
});

afterAll(async () => {
  for (const { id, predefined } of await networks.list()) if (!predefined) await networks.remove(id);
  await networks.close();
  outside.end();
  expect(run("nft", "list", "tables")).toBe("");
  expect(run("ip", "-o", "link")).not.toMatch(/berth|br-|veth|bf[io]/);
});

const kinds: Readonly<Record<string, Partial<NetworkRequest>>> = {
  plain: {},
  apart: { options: { "com.docker.network.bridge.enable_icc": "false" } },
  inner: { internal: true },
  isolated: { options: { "berth.network.isolated": "true" } },
  screened: { options: { "berth.network.firewall": "host" } },
};

/** A row for each kind: its neighbour, the first of the next network, the machine outside, and from there its port. */
const expected = {
  plain: ["plain2", "-", "outside", "plain1"],
  apart: ["-", "-", "outside", "apart1"],
  inner: ["inner2", "-", "-", "-"],
  isolated: ["-", "-", "outside", "isolated1"],
  screened: ["screened2", "-", "outside", "screened1"],
};

test.each(["0", "1"])("everyone with everyone, with bridge-nf-call-iptables=%s", async (bridged) => {
  run("sysctl", "-qw", `net.bridge.bridge-nf-call-iptables=${bridged}`);
  await using started = new AsyncDisposableStack();
  const firsts: TestContainer[] = [];
  const seconds: TestContainer[] = [];
  for (const [at, [name, more]] of Object.entries(kinds).entries()) {
    if (bridged === "0") await networks.create({ ...blank, name, ...more });
    const first = started.use(await startContainer(networks, `${name}1`, [tcp(80, 8080 + at)], name));
    const second = started.use(await startContainer(networks, `${name}2`, [], name));
    first.namespace.serve("tcp", 80, `${name}1`);
    second.namespace.serve("tcp", 80, `${name}2`);
    firsts.push(first);
    seconds.push(second);
  }
  const ask = async (first: TestContainer, at: number): Promise<readonly string[]> => {
    const next = firsts[(at + 1) % firsts.length] ?? first;
    const [inside, way] = await Promise.all([
      first.namespace.probe([
        ["tcp", seconds[at]?.endpoint.ipv4 ?? "", 80],
        ["tcp", next.endpoint.ipv4, 80],
        ["tcp", OUTSIDE_ADDRESS, 7000],
      ]),
      outside.probe([["tcp", HOST_ADDRESS, 8080 + at]]),
    ]);
    return [...inside, ...way].map((answer) => /^(\w+) saw/.exec(answer)?.[1] ?? "-");
  };
  const wanted = Object.values(expected);
  const found = await Promise.all(
    firsts.map(async (first, at) => {
      let answers: readonly string[] = [];
      // On a busy machine an answer may come too late; what must not come, never comes.
      const isLate = (): boolean => answers.some((answer, cell) => answer === "-" && wanted[at]?.[cell] !== "-");
      const deadline = performance.now() + PATIENCE_MS;
      do answers = await ask(first, at);
      while (isLate() && performance.now() < deadline);
      return answers;
    }),
  );
  expect(Object.fromEntries(Object.keys(kinds).map((name, at) => [name, found[at]]))).toEqual(expected);
});

const blank: Omit<NetworkRequest, "name"> = {
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
};

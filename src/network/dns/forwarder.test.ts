import { expect, test } from "bun:test";
import type { Upstream } from "../types.ts";
import { ForwardBudget, Forwarder, type Exchange } from "./forwarder.ts";
import { encodeAnswer, encodeTruncated, parseAnswer, parseQuery, rcodes, type Query } from "./message.ts";
import { Resolver } from "./resolver.ts";

const message = Uint8Array.fromHex("123401000001000000000000037765620000010001");
const parsed = parseQuery(message);
if (parsed.kind !== "query") throw new Error(parsed.kind);
const { query } = parsed;
const servers = (...addresses: readonly string[]): Upstream[] =>
  addresses.map((address) => ({ address, from: "host" }));
const rcodeOf = (answer: Uint8Array): number | undefined => parseAnswer(answer, query, query.id)?.rcode;

/** Each server gives a code, silence, or a cut answer by datagram. */
function world(behaviour: Readonly<Record<string, number | "mute" | "cut">>) {
  const asked: string[] = [];
  const exchange: Exchange = async ({ upstream, transport, message: sent, accepts }) => {
    asked.push(`${transport} ${upstream.address}`);
    const reaction = behaviour[upstream.address];
    if (reaction === undefined || reaction === "mute") return undefined;
    const asSent: Query = { ...query, id: new DataView(sent.buffer).getUint16(0) };
    expect(accepts(encodeAnswer({ ...asSent, id: asSent.id ^ 1 }, 0, [], 512))).toBe(false);
    const answer =
      reaction === "cut" && transport === "udp"
        ? encodeTruncated(asSent)
        : encodeAnswer(asSent, reaction === "cut" ? 0 : reaction, [], 512);
    expect(accepts(answer)).toBe(true);
    return answer;
  };
  const forwarder = (limit = 8): Forwarder =>
    new Forwarder({
      upstreams: () => servers(...Object.keys(behaviour)),
      exchange,
      budgets: [new ForwardBudget(limit)],
    });
  return { asked, forwarder };
}

test("the next server is asked after silence or refusal; a name that does not exist is an answer", async () => {
  const { asked, forwarder } = world({ a: "mute", b: rcodes.refused, c: rcodes.nxDomain, d: 0 });
  expect(rcodeOf(await forwarder().ask(message, query, "udp"))).toBe(rcodes.nxDomain);
  expect(asked).toEqual(["udp a", "udp b", "udp c"]);
});

test("no answer from anybody: SERVFAIL; a refusal by all: the first", async () => {
  expect(rcodeOf(await world({}).forwarder().ask(message, query, "udp"))).toBe(rcodes.servFail);
  const { forwarder } = world({ a: "mute", b: rcodes.refused, c: rcodes.servFail });
  expect(rcodeOf(await forwarder().ask(message, query, "udp"))).toBe(rcodes.refused);
});

test("a cut answer is fetched by TCP for those who ask by TCP", async () => {
  const { asked, forwarder } = world({ a: "cut" });
  const toUdp = await forwarder().ask(message, query, "udp");
  expect(parseAnswer(toUdp, query, query.id)).toEqual({ rcode: 0, truncated: true });
  const toTcp = await forwarder().ask(message, query, "tcp");
  expect(parseAnswer(toTcp, query, query.id)).toEqual({ rcode: 0, truncated: false });
  expect(asked).toEqual(["udp a", "udp a", "tcp a"]);
});

test("more than the budget are refused at once, and room comes back", async () => {
  const { asked, forwarder } = world({ a: 0 });
  const one = forwarder(2);
  const codes = (await Promise.all([1, 2, 3, 4].map(() => one.ask(message, query, "udp")))).map(rcodeOf);
  expect(codes).toEqual([0, 0, rcodes.refused, rcodes.refused]);
  expect(asked).toHaveLength(2);
  expect(rcodeOf(await one.ask(message, query, "udp"))).toBe(0);
});

test("the resolver answers known names itself and cuts others' answers to what the client takes", async () => {
  const large = new Uint8Array(600);
  const resolver = new Resolver({
    resolve: (name) => (name === "web" ? { ipv4: ["10.0.0.2", "10.0.0.3"], ipv6: ["fd00::2"] } : undefined),
    reverse: (address) => (address === "10.0.0.2" ? "web.net" : undefined),
    forward: async () => large,
  });
  const answer = resolver.answer(message, "udp") as Uint8Array;
  expect(answer.toHex()).toEndWith("0a000002c00c000100010000025800040a000003");
  expect((resolver.answer(message, "udp") as Uint8Array).toHex()).toEndWith("00040a000002");
  const aaaa = Uint8Array.fromHex("1234010000010000000000000377656200001c0001");
  expect((resolver.answer(aaaa, "udp") as Uint8Array).toHex()).toEndWith("0010fd000000000000000000000000000002");
  const other = Uint8Array.fromHex("123401000001000000000000037765780000010001");
  const cut = await resolver.answer(other, "udp");
  expect(cut?.toHex()).toStartWith("12348380");
  expect(await resolver.answer(other, "tcp")).toBe(large);
  expect(resolver.answer(Uint8Array.of(1), "udp")).toBeUndefined();
});

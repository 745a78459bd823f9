import { expect, test } from "bun:test";
import { silentLog } from "#base/log.ts";
import {
  encodeMessages,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLMSG_DONE,
  NLMSG_ERROR,
  parseMessages,
  type NetlinkMessage,
} from "#host/netlink/message.ts";
import { NetlinkSocket, type NetlinkTransport } from "#host/netlink/socket.ts";
import { NetlinkWriter } from "#host/netlink/writer.ts";
import {
  NFNL_SUBSYS_NFTABLES,
  NFT_MSG_GETGEN,
  NFT_MSG_GETTABLE,
  NFT_MSG_NEWCHAIN,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWSET,
} from "#host/nftables/messages.ts";
import { EngineFirewall } from "./engine-firewall.ts";

const kindOf = (type: number): number => (NFNL_SUBSYS_NFTABLES << 8 === (type & 0xff00) ? type & 0xff : -1);

/** Takes every transaction, and has no tables to show. */
class FakeKernel implements NetlinkTransport {
  sent: NetlinkMessage[] = [];
  #answers: Uint8Array[] = [];
  #generation = 1;

  send(bytes: Uint8Array): void {
    const messages = parseMessages(bytes).map((message) => ({ ...message, payload: message.payload.slice() }));
    this.sent.push(...messages);
    const [first] = messages;
    if (first === undefined) return;
    if (kindOf(first.type) === NFT_MSG_GETGEN) {
      const payload = new NetlinkWriter().u32(0).attributeBe32(1, this.#generation).finish();
      return this.#answer(NFNL_SUBSYS_NFTABLES << 8, first, payload);
    }
    if ((first.flags & NLM_F_DUMP) === NLM_F_DUMP) return this.#answer(NLMSG_DONE, first, new Uint8Array(4));
    const ENOENT = 2;
    if (kindOf(first.type) === NFT_MSG_GETTABLE)
      return this.#answer(NLMSG_ERROR, first, new NetlinkWriter().u32(-ENOENT >>> 0).finish());
    this.#generation++;
    for (const message of messages)
      if ((message.flags & NLM_F_ACK) !== 0) this.#answer(NLMSG_ERROR, message, new Uint8Array(4));
  }

  receive(): Uint8Array | undefined {
    return this.#answers.shift();
  }

  close(): void {}

  #answer(type: number, { sequence }: NetlinkMessage, payload: Uint8Array): void {
    this.#answers.push(encodeMessages([{ type, flags: 0, payload, what: "" }], sequence));
  }
}

const endpoint = (index: number, more: object = {}) => ({
  id: String(index).padStart(64, "0"),
  ipv4: `10.9.${index >> 8}.${index & 0xff}`,
  ipv6: "",
  ports: [{ protocol: "tcp" as const, containerPort: 80, hostIp: "0.0.0.0", hostPort: 20_000 + index, ...more }],
});

/** With this many ports already published, each of another container. */
function withPorts(
  count: number,
  more: object = {},
): { readonly firewall: EngineFirewall; readonly kernel: FakeKernel } {
  const kernel = new FakeKernel();
  const firewall = new EngineFirewall({
    socket: new NetlinkSocket(kernel),
    instance: "test",
    filtered: [4, 6],
    screenLink: { inName: "in", ensure: () => ({ inName: "in", outIndex: 7 }), remove: () => {} },
    log: silentLog,
  });
  const published = Array.from({ length: count }, (_, index) => endpoint(index + 1, more));
  firewall.install({ bridges: [], guarded: { 4: [], 6: [] }, relaysLoopback: false, published });
  return { firewall, kernel };
}

/** What goes to the kernel, as types and sizes of messages. */
function sentBy(kernel: FakeKernel, act: () => void): readonly string[] {
  kernel.sent = [];
  act();
  return kernel.sent.map(({ type, payload }) => `${type} ${payload.length}`);
}

test.each([
  ["a port", {}],
  ["a port with an allow list", { allow: ["10.0.0.0/8"] }],
  ["a port that the host's input rules decide upon", { firewall: "host" }],
])("%s is published and taken back beside a thousand as beside one", (_, more) => {
  const [alone, crowded] = [withPorts(1, more), withPorts(1000, more)];
  const one = endpoint(2000, more);
  const published = sentBy(alone.kernel, () => alone.firewall.publish([one]));
  expect(published.length).toBeGreaterThan(2);
  expect(sentBy(crowded.kernel, () => crowded.firewall.publish([one]))).toEqual(published);
  const taken = sentBy(alone.kernel, () => alone.firewall.unpublish(one));
  expect(taken.length).toBeGreaterThan(2);
  expect(sentBy(crowded.kernel, () => crowded.firewall.unpublish(one))).toEqual(taken);
});

test("a thousand ports are no chain, no rule and no set more than one", () => {
  const shape = (count: number): readonly number[] => {
    const { kernel } = withPorts(count);
    return [NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE, NFT_MSG_NEWSET].map(
      (kind) => kernel.sent.filter(({ type }) => kindOf(type) === kind).length,
    );
  };
  expect(shape(1).every((count) => count > 0)).toBe(true);
  expect(shape(1000)).toEqual(shape(1));
});

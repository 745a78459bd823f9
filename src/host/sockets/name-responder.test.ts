import { afterEach, expect, test } from "bun:test";
import { AF_INET, MSG_DONTWAIT, O_RDONLY, SO_RCVTIMEO, SOCK_DGRAM, SOL_SOCKET } from "../kernel/linux.ts";
import { NameResponder, type KnownRecords, type NameSocket } from "./name-responder.ts";
import { socketAddress } from "./namespace-sockets.ts";
import { bind, close, open, raw, receive, sendto, socket } from "../kernel/syscalls.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp();
});

/** How long this thread, held up, waits for an answer before the test fails. */
const PATIENT_SECONDS = 60;
/** A question of type A: id, flags, one question; then the name, type and class. */
const questionFor = (name: string): Uint8Array => Buffer.from(`${name}\0\0\u0001\0\u0001`, "latin1");
const web = questionFor("\u0003web");
const ask = (question: Uint8Array, rest = "", counts = "0001000000000000"): Uint8Array =>
  Uint8Array.fromHex(`abcd0100${counts}${question.toHex()}${rest}`);
const address = (last: number): Uint8Array => Uint8Array.fromHex(`c00c0001000100000258000401020300`).fill(last, 15);

interface Opened {
  readonly responder: NameResponder;
  readonly server: NameSocket;
  readonly handed: string[];
}

function serve(zones: readonly number[], known: readonly (readonly [number, Uint8Array, KnownRecords])[]): Opened {
  const responder = new NameResponder({ rate: 1000, burst: 1000 });
  cleanUps.push(() => responder.close());
  for (const [zone, question, records] of known) responder.tell(zone, question, records);
  const namespaceFd = open("/proc/self/ns/net", O_RDONLY);
  cleanUps.push(() => close(namespaceFd));
  const handed: string[] = [];
  const server = responder.serve({ namespaceFd, host: "127.0.0.1" }, zones, (datagram, reply) => {
    handed.push(datagram.toHex());
    reply(Uint8Array.of(1, 2, 3));
  });
  cleanUps.push(() => server.close());
  return { responder, server, handed };
}

/** Sends, and holds up this thread, the one that runs JavaScript, until an answer is there. */
function askBlocking({ server }: Opened, message: Uint8Array): string {
  const fd = clientOf();
  sendto(fd, message, 0, socketAddress({ host: "127.0.0.1", port: server.port }).address);
  const answer = new Uint8Array(8192);
  const length = receive(fd, answer);
  if (length === undefined) throw new Error("no answer");
  return answer.subarray(0, length).toHex();
}

function clientOf(): number {
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  cleanUps.push(() => close(fd));
  bind(fd, socketAddress({ host: "127.0.0.1", port: 0 }).address);
  const patience = new Uint8Array(16);
  new DataView(patience.buffer).setBigInt64(0, BigInt(PATIENT_SECONDS), true);
  raw("setsockopt", fd, SOL_SOCKET, SO_RCVTIMEO, patience);
  return fd;
}

test("what is known is answered while the loop of this process stands still, in the case it was asked in", () => {
  const opened = serve([7], [[7, web, [address(9)]]]);
  const asked = Buffer.from(web.toHex().replace("776562", "574562"), "hex");
  expect(askBlocking(opened, ask(asked))).toBe(`abcd81800001000100000000${asked.toHex()}${address(9).toHex()}`);
  const opt = "0000291000000000000000";
  expect(askBlocking(opened, ask(web, opt, "0001000000000001"))).toBe(
    `abcd81800001000100000001${web.toHex()}${address(9).toHex()}${opt}`,
  );
  opened.responder.tell(7, web, []);
  expect(askBlocking(opened, ask(web))).toBe(`abcd81800001000000000000${web.toHex()}`);
  expect(opened.handed).toEqual([]);
});

test("of several records each is the first in turn", () => {
  const opened = serve([7], [[7, web, [address(1), address(2), address(3)]]]);
  const lasts = [0, 1, 2, 3].map(() =>
    [
      ...askBlocking(opened, ask(web))
        .slice(24 + web.length * 2)
        .matchAll(/0102030(\d)/g),
    ]
      .map(([, last]) => last)
      .join(""),
  );
  expect(lasts).toEqual(["123", "231", "312", "123"]);
});

test("the first zone that knows decides; others' zones are not seen", () => {
  const opened = serve(
    [1, 2],
    [
      [2, web, [address(2)]],
      [3, web, [address(3)]],
    ],
  );
  const last = (): string => askBlocking(opened, ask(web)).slice(-2);
  expect(last()).toBe("02");
  opened.responder.tell(1, web, [address(1)]);
  expect(last()).toBe("01");
  opened.server.setZones([3, 1]);
  expect(last()).toBe("03");
  opened.responder.tell(3, web, undefined);
  expect(last()).toBe("01");
});

test("more names than the table began with", () => {
  const names = Array.from({ length: 1000 }, (_, index) => questionFor(`\u0004n${String(index).padStart(3, "0")}`));
  const opened = serve(
    [1],
    names.map((question, index) => [1, question, [address(index % 256)]] as const),
  );
  const answered = names.map((question) => Number.parseInt(askBlocking(opened, ask(question)).slice(-2), 16));
  expect(answered).toEqual(names.map((_, index) => index % 256));
});

/** What the loop is asked to answer. */
const others: readonly (readonly [string, Uint8Array])[] = [
  ["a name that is not known", ask(questionFor("\u0003foo"))],
  ["a name that is elsewhere", ask(questionFor("\u0003own"))],
  ["another type", ask(Buffer.from(web.toHex().replace(/0001(....)$/, "000f$1"), "hex"))],
  ["a byte behind", ask(web, "00")],
  [
    "a status request",
    Uint8Array.fromHex(
      ask(web)
        .toHex()
        .replace(/^abcd01/, "abcd11"),
    ),
  ],
  ["two questions", ask(web, web.toHex(), "0002000000000000")],
  ["a later EDNS", ask(web, "0000291000000100000000", "0001000000000001")],
  ["options that end too late", ask(web, "0000291000000000000004", "0001000000000001")],
  ["a name without an end", Uint8Array.fromHex("abcd010000010000000000003f77")],
  ["a pointer for a name", Uint8Array.fromHex("abcd01000001000000000000c00c00010001")],
  ["a header alone", Uint8Array.fromHex("abcd01000001000000000000")],
  ["nothing", new Uint8Array()],
  ["more than fits", ask(questionFor("\u0004many"))],
  ["more than ever fits", ask(questionFor("\u0003all"), "0000290fff000000000000", "0001000000000001")],
];

test.each(others)("%s: handed to the loop, whose answer goes back", async (_, message) => {
  const opened = serve(
    [1, 2],
    [
      [1, questionFor("\u0003own"), "elsewhere"],
      [2, questionFor("\u0003own"), [address(1)]],
      [2, web, [address(1)]],
      [2, questionFor("\u0003all"), Array.from({ length: 5000 }, () => address(1))],
      [2, questionFor("\u0004many"), Array.from({ length: 40 }, (_, index) => address(index))],
    ],
  );
  const answered = Promise.withResolvers<string>();
  const client = await Bun.udpSocket({
    connect: { hostname: "127.0.0.1", port: opened.server.port },
    socket: { data: (_socket, bytes) => answered.resolve(bytes.toHex()) },
  });
  cleanUps.push(() => client.close());
  client.send(message);
  expect(await answered.promise).toBe("010203");
  expect(opened.handed).toEqual([message.toHex()]);
});

test("more at once than is allowed is lost, and a closed socket is not read", () => {
  const responder = new NameResponder({ rate: 0, burst: 2 });
  cleanUps.push(() => responder.close());
  responder.tell(1, web, [address(1)]);
  const namespaceFd = open("/proc/self/ns/net", O_RDONLY);
  cleanUps.push(() => close(namespaceFd));
  const server = responder.serve({ namespaceFd, host: "127.0.0.1" }, [1], () => {});
  const opened = { responder, server, handed: [] };
  askBlocking(opened, ask(web));
  askBlocking(opened, ask(web));
  const other = serve([1], [[1, web, [address(2)]]]);
  const fd = clientOf();
  const send = (port: number): number => sendto(fd, ask(web), 0, socketAddress({ host: "127.0.0.1", port }).address);
  send(server.port);
  send(other.server.port);
  const answer = new Uint8Array(64);
  const length = receive(fd, answer);
  expect(answer[(length ?? 0) - 1]).toBe(2);
  server.close();
  server.close();
  server.setZones([2]);
  expect(askBlocking(other, ask(web))).toEndWith("02");
  expect(receive(fd, answer, MSG_DONTWAIT)).toBeUndefined();
});

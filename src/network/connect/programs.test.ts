import { describe, expect, test } from "bun:test";
import { parseIp } from "#host/netlink/address.ts";
import { socketPrograms } from "./programs.ts";
import { socketAddressBytes } from "./socket-address.ts";

/** Where things are in the machine's memory, which is flat. */
const [CONTEXT, SOCKET, STORAGE, FOUND, STACK_END] = [0x100, 0x200, 0x300, 0x400, 0x1000];
const [PORTS_FD, STORAGE_FD, COOKIE] = [5, 6, 0x1_2345_6789n];

/** What the kernel would do: runs a program over `memory`, with helper functions by their numbers. */
function run(
  program: Uint8Array,
  memory: DataView,
  helpers: Readonly<Record<number, (argument: (index: number) => number) => bigint>>,
): number {
  const code = new DataView(program.buffer);
  const registers = Array.from({ length: 11 }, () => 0n);
  const reg = (index: number): bigint => registers[index] ?? 0n;
  const address = (index: number, offset: number): number => Number(reg(index)) + offset;
  registers[1] = BigInt(CONTEXT);
  registers[10] = BigInt(STACK_END);
  for (let pc = 0; pc < program.length / 8; pc++) {
    const op = code.getUint8(pc * 8);
    const [dst, src] = [code.getUint8(pc * 8 + 1) & 15, code.getUint8(pc * 8 + 1) >> 4];
    const offset = code.getInt16(pc * 8 + 2, true);
    const immediate = code.getInt32(pc * 8 + 4, true);
    if (op === 0x61) registers[dst] = BigInt(memory.getUint32(address(src, offset), true));
    else if (op === 0x79) registers[dst] = memory.getBigUint64(address(src, offset), true);
    else if (op === 0x63) memory.setUint32(address(dst, offset), Number(BigInt.asUintN(32, reg(src))), true);
    else if (op === 0x62) memory.setInt32(address(dst, offset), immediate, true);
    else if (op === 0xbf) registers[dst] = reg(src);
    else if (op === 0xb7) registers[dst] = BigInt(immediate);
    else if (op === 0x07) registers[dst] = reg(dst) + BigInt(immediate);
    else if (op === 0x54) registers[dst] = BigInt.asUintN(32, reg(dst) & BigInt(immediate));
    else if (op === 0x18)
      registers[dst] = BigInt(code.getUint32(pc * 8 + 4, true)) | (code.getBigUint64(++pc * 8, true) & ~0xffff_ffffn);
    else if (op === 0x16) pc += BigInt.asIntN(32, reg(dst)) === BigInt(immediate) ? offset : 0;
    else if (op === 0x56) pc += BigInt.asIntN(32, reg(dst)) !== BigInt(immediate) ? offset : 0;
    else if (op === 0x15) pc += reg(dst) === 0n ? offset : 0;
    else if (op === 0x55) pc += reg(dst) !== 0n ? offset : 0;
    else if (op === 0x5d) pc += reg(dst) !== reg(src) ? offset : 0;
    else if (op === 0x85)
      registers[0] = helpers[immediate]?.((index) => Number(reg(index))) ?? fail(`helper ${immediate}`);
    else if (op === 0x95) return Number(reg(0));
    else fail(`instruction 0x${op.toString(16)}`);
  }
  return fail("ran off the end");
}

function fail(what: string): never {
  throw new Error(what);
}

interface Attempt {
  readonly protocol?: number;
  readonly cookie?: bigint;
  readonly boundInterface?: number;
  readonly boundTo?: string;
  /** What an earlier attempt left with the socket. */
  readonly earlier?: readonly [address: string, port: number];
}

/** The six programs around one socket: connect(2) to `host`, then what the socket says of its ends. */
function attempt(host: string, port: number, published: ReadonlyMap<string, Uint8Array>, how: Attempt = {}) {
  const memory = new DataView(new ArrayBuffer(STACK_END));
  const bytes = new Uint8Array(memory.buffer);
  const six = host.includes(":");
  const at = CONTEXT + (six ? 8 : 4);
  const size = six ? 16 : 4;
  let kept = how.earlier !== undefined;
  if (how.earlier !== undefined) bytes.set(socketAddressBytes(...how.earlier), STORAGE);
  const give = (address: string, givenPort: number): void => {
    bytes.set(parseIp(address), at);
    bytes.set([givenPort >> 8, givenPort & 0xff], CONTEXT + 24);
  };
  memory.setUint32(CONTEXT + 36, how.protocol ?? 6, true);
  memory.setBigUint64(CONTEXT + 64, BigInt(SOCKET), true);
  memory.setUint32(SOCKET, how.boundInterface ?? 0, true);
  if (how.boundTo !== undefined) bytes.set(parseIp(how.boundTo), SOCKET + (six ? 28 : 24));
  const helpers = {
    1: (argument: (index: number) => number): bigint => {
      expect(argument(1)).toBe(PORTS_FD);
      const found = published.get(bytes.slice(argument(2), argument(2) + 20).toHex());
      bytes.set(found ?? [], FOUND);
      return found === undefined ? 0n : BigInt(FOUND);
    },
    107: (argument: (index: number) => number): bigint => {
      expect([argument(1), argument(2)]).toEqual([STORAGE_FD, SOCKET]);
      if (argument(4) === 1) bytes.copyWithin(STORAGE, argument(3), argument(3) + 20);
      kept ||= argument(4) === 1;
      return kept ? BigInt(STORAGE) : 0n;
    },
    108: (argument: (index: number) => number): bigint => {
      expect([argument(1), argument(2)]).toEqual([STORAGE_FD, SOCKET]);
      kept = false;
      return 0n;
    },
    122: () => how.cookie ?? COOKIE,
  };
  const programs = socketPrograms({ ports: PORTS_FD, connectedTo: STORAGE_FD, namespaceCookie: COOKIE });
  const named = (attachType: number): Uint8Array => {
    expect(
      run(programs.find((one) => one.attachType === attachType)?.program ?? new Uint8Array(), memory, helpers),
    ).toBe(1);
    return Uint8Array.from([...bytes.subarray(at, at + size), ...bytes.subarray(CONTEXT + 24, CONTEXT + 26)]);
  };
  const [connecting, peerName, ownName] = six ? ([11, 30, 32] as const) : ([10, 29, 31] as const);
  give(host, port);
  const led = named(connecting);
  const peer = named(peerName);
  give(six ? "fd09::1" : "172.17.0.1", 40_000);
  return { led: led.toHex(), peer: peer.toHex(), own: named(ownName).toHex() };
}

const hex = (address: string, port: number): string => parseIp(address).toHex() + port.toString(16).padStart(4, "0");
const entry = (at: string, atPort: number, to: string, toPort: number) =>
  [socketAddressBytes(at, atPort).toHex(), socketAddressBytes(to, toPort)] as const;

const published = new Map([
  entry("0.0.0.0", 8080, "172.17.0.2", 80),
  entry("127.0.0.7", 8081, "172.17.0.3", 81),
  entry("::", 8080, "fd09::2", 80),
  entry("::1", 8082, "fd09::3", 82),
]);
const straight = (host: string, port: number, how: Attempt = {}) => attempt(host, port, published, how);

describe("connect(2)", () => {
  test.each([
    ["127.0.0.1", 8080, hex("172.17.0.2", 80), hex("127.0.0.1", 40_000)],
    ["127.9.8.7", 8080, hex("172.17.0.2", 80), hex("127.0.0.1", 40_000)],
    ["127.0.0.7", 8081, hex("172.17.0.3", 81), hex("127.0.0.1", 40_000)],
    ["::1", 8080, hex("fd09::2", 80), hex("::1", 40_000)],
    ["::1", 8082, hex("fd09::3", 82), hex("::1", 40_000)],
    ["::ffff:127.0.0.1", 8080, hex("::ffff:172.17.0.2", 80), hex("::ffff:127.0.0.1", 40_000)],
  ])("to %s %d leads to the container, and names are as ever", (host, port, led, own) => {
    expect(straight(host, port)).toEqual({ led, peer: hex(host, port), own });
  });

  const untouched = (host: string, port: number) => ({
    led: hex(host, port),
    peer: hex(host, port),
    own: hex(host.includes(":") ? "fd09::1" : "172.17.0.1", 40_000),
  });

  test.each([
    ["127.0.0.1", 8081],
    ["127.0.0.1", 9999],
    ["172.17.0.1", 8080],
    ["0.0.0.0", 8080],
    ["126.0.0.1", 8080],
    ["::2", 8080],
    ["::", 8080],
    ["::1", 8081],
    ["fe80::1", 8080],
    ["0:0:1::1", 8080],
    ["::1:0:1", 8080],
    ["::ffff:172.17.0.1", 8080],
  ])("to %s %d goes its way", (host, port) => {
    expect(straight(host, port)).toEqual(untouched(host, port));
  });

  test.each([
    ["another namespace", { cookie: COOKIE + 0x1_0000_0000n }],
    ["UDP", { protocol: 17 }],
    ["a socket that is bound to an interface", { boundInterface: 1 }],
  ] as const)("of %s goes its way", (_, how) => {
    for (const host of ["127.0.0.1", "::1"]) expect(straight(host, 8080, how)).toEqual(untouched(host, 8080));
  });

  test("of a socket that is bound to an address goes its way", () => {
    expect(straight("127.0.0.1", 8080, { boundTo: "127.0.0.1" })).toEqual(untouched("127.0.0.1", 8080));
    for (const boundTo of ["::1", "fd00::", "0:1::", "0:0:1::"])
      expect(straight("::1", 8080, { boundTo })).toEqual(untouched("::1", 8080));
  });

  test("forgets what an earlier attempt was", () => {
    const earlier = ["127.0.0.1", 8080] as const;
    expect(straight("192.0.2.1", 443, { earlier })).toEqual(untouched("192.0.2.1", 443));
    expect(straight("127.0.0.1", 443, { earlier, cookie: 1n })).toEqual(untouched("127.0.0.1", 443));
  });
});

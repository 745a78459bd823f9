import {
  add,
  and32,
  assemble,
  call,
  copy,
  exit,
  jumpIfEqual,
  jumpIfFound,
  jumpIfNull,
  jumpUnlessEqual,
  jumpUnlessSame,
  load32,
  load64,
  place,
  set,
  set64,
  setMap,
  store32,
  storeWord,
  type Line,
  type Register,
} from "#host/bpf/assemble.ts";
import {
  BPF_CGROUP_INET4_CONNECT,
  BPF_CGROUP_INET4_GETPEERNAME,
  BPF_CGROUP_INET4_GETSOCKNAME,
  BPF_CGROUP_INET6_CONNECT,
  BPF_CGROUP_INET6_GETPEERNAME,
  BPF_CGROUP_INET6_GETSOCKNAME,
  BPF_FUNC_get_netns_cookie,
  BPF_FUNC_map_lookup_elem,
  BPF_FUNC_sk_storage_delete,
  BPF_FUNC_sk_storage_get,
  BPF_SK_STORAGE_GET_F_CREATE,
} from "#host/kernel/linux.ts";
import type { IpFamily } from "../ipam/subnet.ts";

export interface ProgramParts {
  /** Published loopback addresses -> containers' addresses, both as of ./socket-address.ts; a map's descriptor. */
  readonly ports: number;
  /** What a redirected socket was connected to, in the same form; a descriptor. */
  readonly connectedTo: number;
  /** The network namespace whose loopback it is (socket(7), SO_NETNS_COOKIE). */
  readonly namespaceCookie: bigint;
}

export interface SocketProgram {
  readonly attachType: number;
  readonly program: Uint8Array;
}

/**
 * Programs of type BPF_PROG_TYPE_CGROUP_SOCK_ADDR that lead a connection of TCP to a published port of this host's loopback
 * straight to the container: no packet of it is translated. Not for other network namespaces, which have a loopback of their
 * own, and not for sockets that are bound to an address or an interface, which the way is not free for: theirs are
 * translated. getpeername(2) and getsockname(2) of redirected sockets tell what they would tell otherwise.
 */
export function socketPrograms(parts: ProgramParts): readonly SocketProgram[] {
  return [
    { attachType: BPF_CGROUP_INET4_CONNECT, program: assemble(connectProgram(4, parts)) },
    { attachType: BPF_CGROUP_INET6_CONNECT, program: assemble(connectProgram(6, parts)) },
    { attachType: BPF_CGROUP_INET4_GETPEERNAME, program: assemble(nameProgram(4, parts, peerName(4))) },
    { attachType: BPF_CGROUP_INET6_GETPEERNAME, program: assemble(nameProgram(6, parts, peerName(6))) },
    { attachType: BPF_CGROUP_INET4_GETSOCKNAME, program: assemble(nameProgram(4, parts, ownName(4))) },
    { attachType: BPF_CGROUP_INET6_GETSOCKNAME, program: assemble(nameProgram(6, parts, ownName(6))) },
  ];
}

/** struct bpf_sock_addr. Addresses and ports are in network order. */
const context = { ip4: 4, ip6: 8, port: 24, protocol: 36, socket: 64 } as const;
/** struct bpf_sock: what a socket is bound to. */
const socket = { boundInterface: 0, sourceIp4: 24, sourceIp6: 28 } as const;
/** Of ./socket-address.ts: where its words are. */
const [third, last, port] = [8, 12, 16];
const words = [0, 4, third, last];
/** On the stack. */
const asked = -24;
const anyAddress = -48;

/** Words in network order, as little-endian machines read them. */
const MAPPED = 0xffff_0000 | 0;
const LOCALHOST4 = 0x0100_007f;
const LOCALHOST6 = 0x0100_0000;
const IPPROTO_TCP = 6;

const [r0, r1, r2, r3, r4, stack] = [0, 1, 2, 3, 4, 10] as const;
const [self, sk, target] = [6, 7, 8] as const;
const DONE = "done";
/** Of the word in r2. */
const unlessFirstByteIs127: readonly Line[] = [copy(r1, r2), and32(r1, 0xff), jumpUnlessEqual(r1, 127, DONE)];
/** The only other answer, 0, would refuse the call. */
const done: readonly Line[] = [place(DONE), set(r0, 1), exit];

function connectProgram(family: IpFamily, { ports, connectedTo, namespaceCookie }: ProgramParts): readonly Line[] {
  return [
    copy(self, r1),
    load32(r1, self, context.protocol),
    jumpUnlessEqual(r1, IPPROTO_TCP, DONE),
    load64(sk, self, context.socket),
    // Of an earlier attempt with the same socket.
    setMap(r1, connectedTo),
    copy(r2, sk),
    call(BPF_FUNC_sk_storage_delete),
    copy(r1, self),
    call(BPF_FUNC_get_netns_cookie),
    set64(r1, namespaceCookie),
    jumpUnlessSame(r0, r1, DONE),
    ...(family === 4 ? askedIp4 : askedIp6),
    ...unlessBound(family),
    load32(r1, self, context.port),
    store32(stack, asked + port, r1),
    store32(stack, anyAddress + port, r1),
    setMap(r1, ports),
    copy(r2, stack),
    add(r2, asked),
    call(BPF_FUNC_map_lookup_elem),
    jumpIfFound(r0, "found"),
    setMap(r1, ports),
    copy(r2, stack),
    add(r2, anyAddress),
    call(BPF_FUNC_map_lookup_elem),
    jumpIfNull(r0, DONE),
    place("found"),
    copy(target, r0),
    setMap(r1, connectedTo),
    copy(r2, sk),
    copy(r3, stack),
    add(r3, asked),
    set(r4, BPF_SK_STORAGE_GET_F_CREATE),
    call(BPF_FUNC_sk_storage_get),
    // Out of memory: the packets are translated.
    jumpIfNull(r0, DONE),
    ...giveAddress(family, target),
    ...givePort(target),
    ...done,
  ];
}

/** Goes on with 127.0.0.0/8 alone, written on the stack, and 0.0.0.0 beside it. */
const askedIp4: readonly Line[] = [
  load32(r2, self, context.ip4),
  ...unlessFirstByteIs127,
  store32(stack, asked + last, r2),
  ...[asked, anyAddress].flatMap((at) => [
    storeWord(stack, at, 0),
    storeWord(stack, at + 4, 0),
    storeWord(stack, at + third, MAPPED),
  ]),
  storeWord(stack, anyAddress + last, 0),
];

/** Goes on with ::1 and ::ffff:127.0.0.0/104, written on the stack, and :: or ::ffff:0.0.0.0 beside it. */
const askedIp6: readonly Line[] = [
  load32(r1, self, context.ip6),
  jumpUnlessEqual(r1, 0, DONE),
  load32(r1, self, context.ip6 + 4),
  jumpUnlessEqual(r1, 0, DONE),
  load32(r2, self, context.ip6 + last),
  load32(r3, self, context.ip6 + third),
  jumpIfEqual(r3, MAPPED, "mapped"),
  jumpUnlessEqual(r3, 0, DONE),
  jumpUnlessEqual(r2, LOCALHOST6, DONE),
  jumpIfEqual(r3, 0, "loopback"),
  place("mapped"),
  ...unlessFirstByteIs127,
  place("loopback"),
  store32(stack, asked + last, r2),
  ...[asked, anyAddress].flatMap((at) => [
    storeWord(stack, at, 0),
    storeWord(stack, at + 4, 0),
    store32(stack, at + third, r3),
  ]),
  storeWord(stack, anyAddress + last, 0),
];

/** Anything but zero is something that it was bound to. */
function unlessBound(family: IpFamily): readonly Line[] {
  const source = family === 4 ? [socket.sourceIp4] : words.map((word) => socket.sourceIp6 + word);
  return [socket.boundInterface, ...source].flatMap((field) => [load32(r1, sk, field), jumpUnlessEqual(r1, 0, DONE)]);
}

/** `answer`: with what is kept of the socket at r0. */
function nameProgram(family: IpFamily, { connectedTo }: ProgramParts, answer: readonly Line[]): readonly Line[] {
  return [
    copy(self, r1),
    // What is not connected has no name yet, whatever is kept.
    load32(r1, self, family === 4 ? context.ip4 : context.ip6 + last),
    jumpIfEqual(r1, 0, DONE),
    load64(r2, self, context.socket),
    setMap(r1, connectedTo),
    set(r3, 0),
    set(r4, 0),
    call(BPF_FUNC_sk_storage_get),
    jumpIfNull(r0, DONE),
    ...answer,
    ...done,
  ];
}

function peerName(family: IpFamily): readonly Line[] {
  return [...giveAddress(family, r0), ...givePort(r0)];
}

/** The kernel's choice for what goes to the loopback; the port is its own. */
function ownName(family: IpFamily): readonly Line[] {
  if (family === 4) return [set(r1, LOCALHOST4), store32(self, context.ip4, r1)];
  return [
    ...words.slice(0, -1).flatMap((word) => [load32(r1, r0, word), store32(self, context.ip6 + word, r1)]),
    // The third word is the last that was looked at: zero of ::1.
    set(r2, LOCALHOST6),
    jumpIfEqual(r1, 0, "six"),
    set(r2, LOCALHOST4),
    place("six"),
    store32(self, context.ip6 + last, r2),
  ];
}

function giveAddress(family: IpFamily, from: Register): readonly Line[] {
  if (family === 4) return [load32(r1, from, last), store32(self, context.ip4, r1)];
  return words.flatMap((word) => [load32(r1, from, word), store32(self, context.ip6 + word, r1)]);
}

function givePort(from: Register): readonly Line[] {
  return [load32(r1, from, port), store32(self, context.port, r1)];
}

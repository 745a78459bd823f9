/** Both ends of conversations in network namespaces, by sockets of this process that were made there. */
import { errnoName, SyscallError } from "#host/kernel/errno.ts";
import {
  AF_INET,
  EPOLLIN,
  MSG_DONTWAIT,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "#host/kernel/linux.ts";
import { socketAddress } from "#host/sockets/namespace-sockets.ts";
import { formatIp } from "#host/netlink/address.ts";
import { PolledStream, socketIn } from "#host/sockets/polled-stream.ts";
import { Poller } from "#host/sockets/poller.ts";
import { watchDatagrams } from "#host/sockets/socket-servers.ts";
import { accept4, bind, close, connect, listen, raw, receive, sendto, setsockoptInt } from "#host/kernel/syscalls.ts";

/** A network namespace by its descriptor; undefined: this process's own. */
export type Place = number | undefined;

export type Question = readonly [protocol: "tcp" | "udp", address: string, port: number];

/** How long an answer may take before there is none. An emulated machine says more. */
const usualPatienceMs = Number(process.env["BERTH_TEST_PATIENCE_MS"] ?? 1500);

let opened: Poller | undefined;
const poller = (): Poller => (opened ??= new Poller());

/** Answers each connection and each datagram with "NAME saw <client address>" until it is disposed. */
export function serve(place: Place, protocol: "tcp" | "udp", port: number, name: string, host = "0.0.0.0"): Disposable {
  const words = (address: Uint8Array): Uint8Array => Buffer.from(`${name} saw ${textOf(address)}\n`);
  if (protocol === "tcp")
    return accepting(place, host, port, async (stream, from) => {
      await stream.write(words(from));
      stream.close();
    });
  const fd = boundSocket(place, SOCK_DGRAM, host, port);
  const watch = watchDatagrams(poller(), fd, (_, sender) => sender.reply(words(Buffer.from(sender.key, "hex"))));
  return closing(fd, watch);
}

/** How many bytes come over the first connection. Listens when it returns. */
export function sink(place: Place, port: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = accepting(place, "0.0.0.0", port, async (stream) => {
    server[Symbol.dispose]();
    const into = new Uint8Array(1 << 16);
    let bytes = 0;
    for (let count = await stream.read(into); count > 0; count = await stream.read(into)) bytes += count;
    stream.close();
    resolve(bytes);
  });
  return promise;
}

/** The answer, or "refused", "timeout", or the error's name. `localPort`: for UDP. */
export async function ask(
  place: Place,
  question: Question,
  localPort = 0,
  patienceMs = usualPatienceMs,
): Promise<string> {
  const [protocol, host, port] = question;
  const target = socketAddress({ host, port });
  using patience = new Patience(patienceMs);
  const { signal } = patience;
  try {
    return await (protocol === "tcp"
      ? askStream(place, target, signal)
      : askDatagram(place, target, localPort, signal));
  } catch (error) {
    if (signal.aborted) return "timeout";
    if (!(error instanceof SyscallError)) throw error;
    const name = errnoName(error.errno);
    return name === "ECONNREFUSED" ? "refused" : name;
  }
}

/** Is over after a time of which this process has its share: a machine that stands still meanwhile does not use it up. */
class Patience implements Disposable {
  readonly #over = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number) {
    this.#wait(milliseconds);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  #wait(leftMs: number): void {
    if (leftMs <= 0) return this.#over.abort();
    this.#timer = setTimeout(() => this.#wait(leftMs - 50), 50);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

type Target = ReturnType<typeof socketAddress>;

async function askStream(place: Place, target: Target, signal: AbortSignal): Promise<string> {
  const stream = await PolledStream.connect(poller(), { namespaceFd: place, ...target }, signal);
  const giveUp = (): void => stream.close();
  signal.addEventListener("abort", giveUp, { once: true });
  const into = new Uint8Array(4096);
  let text = "";
  for (let count = await stream.read(into); count > 0; count = await stream.read(into))
    text += Buffer.from(into.subarray(0, count)).toString();
  signal.removeEventListener("abort", giveUp);
  stream.close();
  return signal.aborted ? "timeout" : text.trim();
}

async function askDatagram(place: Place, target: Target, localPort: number, signal: AbortSignal): Promise<string> {
  const fd = boundSocket(place, SOCK_DGRAM, target.family === AF_INET ? "0.0.0.0" : "::", localPort);
  try {
    connect(fd, target.address);
    sendto(fd, Buffer.from("?"));
    await readable(fd, signal);
    const into = new Uint8Array(4096);
    const count = receive(fd, into, MSG_DONTWAIT);
    return count === undefined ? "timeout" : Buffer.from(into.subarray(0, count)).toString().trim();
  } finally {
    close(fd);
  }
}

/** Or the signal is aborted. */
async function readable(fd: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watch = poller().watch(fd, EPOLLIN, () => resolve());
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  watch.close();
}

function accepting(
  place: Place,
  host: string,
  port: number,
  onConnection: (stream: PolledStream, from: Uint8Array) => Promise<void>,
): Disposable {
  const fd = boundSocket(place, SOCK_STREAM, host, port);
  listen(fd, 128);
  const watch = poller().watch(fd, EPOLLIN, () => {
    const accepted = accept4(fd, SOCK_NONBLOCK);
    const from = new Uint8Array(28);
    raw("getpeername", accepted, from);
    void onConnection(new PolledStream(poller(), accepted), from);
  });
  return closing(fd, watch);
}

function boundSocket(place: Place, type: number, host: string, port: number): number {
  const { family, address } = socketAddress({ host, port });
  const fd = socketIn(place, family, type | SOCK_NONBLOCK);
  try {
    setsockoptInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    bind(fd, address);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** The descriptor goes after its watch. */
function closing(fd: number, watch: { close(): void }): Disposable {
  let isOpen = true;
  return {
    [Symbol.dispose]() {
      if (!isOpen) return;
      isOpen = false;
      watch.close();
      close(fd);
    },
  };
}

/** The address in a struct sockaddr_in or sockaddr_in6; of one that is mapped, the inner one. */
function textOf(address: Uint8Array): string {
  const bytes = address[0] === AF_INET ? address.subarray(4, 8) : address.subarray(8, 24);
  return formatIp(bytes).replace(/^::ffff:/u, "");
}

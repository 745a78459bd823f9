import { EPOLLIN, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_DGRAM, SOCK_NONBLOCK } from "../kernel/linux.ts";
import { socketAddress } from "./namespace-sockets.ts";
import { PolledStream, socketIn } from "./polled-stream.ts";
import type { Poller } from "./poller.ts";
import { close, connect, receive, sendto } from "../kernel/syscalls.ts";

export interface ExchangePlace {
  /** Undefined: the caller's network namespace. */
  readonly namespaceFd: number | undefined;
  readonly host: string;
  readonly port: number;
}

/** A datagram is copied out of it at once. */
const largestDatagram = new Uint8Array(65_535);

/**
 * Send one datagram from a port of its own and wait for the first answer that `accepts`. Undefined when none came in
 * time. A SyscallError when the network is not there or the other side refuses.
 */
export async function exchangeDatagram(
  poller: Poller,
  place: ExchangePlace,
  message: Uint8Array,
  options: { readonly accepts: (answer: Uint8Array) => boolean; readonly timeoutMs: number },
): Promise<Uint8Array | undefined> {
  const { family, address } = socketAddress(place);
  const fd = socketIn(place.namespaceFd, family, SOCK_DGRAM | SOCK_NONBLOCK);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
  let timer: NodeJS.Timeout | undefined;
  let watch: { close(): void } | undefined;
  try {
    connect(fd, address);
    watch = poller.watch(fd, EPOLLIN, () => {
      try {
        const length = receive(fd, largestDatagram, MSG_DONTWAIT);
        if (length === undefined) return;
        const answer = largestDatagram.slice(0, length);
        if (options.accepts(answer)) resolve(answer);
      } catch (error) {
        reject(error);
      }
    });
    timer = setTimeout(() => resolve(undefined), options.timeoutMs);
    sendto(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return await promise;
  } finally {
    clearTimeout(timer);
    watch?.close();
    close(fd);
  }
}

/** The same by TCP, each message behind its length in two bytes. */
export async function exchangeStream(
  poller: Poller,
  place: ExchangePlace,
  message: Uint8Array,
  options: { readonly accepts: (answer: Uint8Array) => boolean; readonly timeoutMs: number },
): Promise<Uint8Array | undefined> {
  const { family, address } = socketAddress(place);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), options.timeoutMs);
  let stream: PolledStream | undefined;
  try {
    stream = await PolledStream.connect(poller, { namespaceFd: place.namespaceFd, family, address }, late.signal);
    const connected = stream;
    late.signal.addEventListener("abort", () => connected.close(), { once: true });
    if (!(await stream.write(withLength(message)))) return undefined;
    const answer = await readMessage(stream);
    return answer !== undefined && options.accepts(answer) ? answer : undefined;
  } finally {
    clearTimeout(timer);
    stream?.close();
  }
}

/** The next message behind a length in two bytes; undefined at the end, and for one that is cut short. */
export async function readMessage(stream: PolledStream): Promise<Uint8Array | undefined> {
  const head = await readExactly(stream, 2);
  return head === undefined ? undefined : readExactly(stream, new DataView(head.buffer).getUint16(0));
}

/** `message` behind its length in two bytes. */
export function withLength(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(2 + message.length);
  new DataView(framed.buffer).setUint16(0, message.length);
  framed.set(message, 2);
  return framed;
}

async function readExactly(stream: PolledStream, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = await stream.read(bytes.subarray(done));
    if (count === 0) return undefined;
    done += count;
  }
  return bytes;
}

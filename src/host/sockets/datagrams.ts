import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { BerthError } from "#base/errors.ts";
import { hasCode } from "../kernel/errno.ts";
import {
  AF_UNIX,
  F_ADD_SEALS,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_DGRAM,
} from "../kernel/linux.ts";
import { close, connect, fcntl, memfdCreate, sendFds, sendto, socket, writeAll } from "../kernel/syscalls.ts";
import { unixAddress } from "./unix-address.ts";

/** Sends datagrams to one address. */
export interface DatagramSender {
  /** Resolves when the kernel has it. UDP knows no more; `unavailable` when a local receiver is gone. */
  send(bytes: Uint8Array): Promise<void>;
  /** May be called twice. */
  close(): void;
}

/** UDP. A name is looked up once. */
export async function udpSender(host: string, port: number): Promise<DatagramSender> {
  let address: { readonly address: string; readonly family: number };
  try {
    address = await lookup(host || "127.0.0.1");
  } catch (cause) {
    throw new BerthError("unavailable", `dial udp: lookup ${host}: no such host`, { cause });
  }
  const sender = createSocket(address.family === 6 ? "udp6" : "udp4");
  sender.unref();
  // Nobody listens: a later datagram may find somebody.
  sender.on("error", () => undefined);
  return inTurns({
    send: (bytes) => new Promise((resolve) => sender.send(bytes, port, address.address, () => resolve())),
    close: once(() => sender.close()),
  });
}

const turnMs = 10;

/** The kernel takes datagrams at once, so who sends many would keep the event loop from everybody else. */
function inTurns(sender: DatagramSender): DatagramSender {
  let turnAt = performance.now();
  return {
    async send(bytes) {
      await sender.send(bytes);
      if (performance.now() - turnAt < turnMs) return;
      await nextTurn();
      turnAt = performance.now();
    },
    close: () => sender.close(),
  };
}

/** A second close would close what another has opened meanwhile. */
function once(close: () => void): () => void {
  let closed = false;
  return () => {
    if (!closed) close();
    closed = true;
  };
}

const fullPauseMs = 5;
const fullAttempts = 2000;

/**
 * Datagrams to a unix socket (unix(7)). A message too large for one is handed over in a sealed memory file, as journald's
 * native protocol has it. Throws a SyscallError when nobody listens.
 */
export function unixSender(path: string): DatagramSender {
  const fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  try {
    connect(fd, unixAddress(path));
  } catch (error) {
    close(fd);
    throw error;
  }
  return inTurns({
    async send(bytes) {
      for (let attempt = 0; ; attempt += 1) {
        try {
          sendto(fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
          return;
        } catch (error) {
          if (hasCode(error, "EMSGSIZE", "ENOBUFS")) return sendInMemory(fd, bytes);
          if (!hasCode(error, "EAGAIN") || attempt === fullAttempts) {
            throw new BerthError("unavailable", `write unixgram ${path}: the receiver is gone`, { cause: error });
          }
          await Bun.sleep(fullPauseMs);
        }
      }
    },
    close: once(() => close(fd)),
  });
}

function sendInMemory(fd: number, bytes: Uint8Array): void {
  const memory = memfdCreate("log-message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  try {
    writeAll(memory, bytes);
    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    sendFds(fd, new Uint8Array(), [memory], MSG_NOSIGNAL);
  } finally {
    close(memory);
  }
}

import { EPOLLIN, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_DGRAM, SOCK_NONBLOCK } from "#host/kernel/linux.ts";
import { socketAddress } from "#host/sockets/namespace-sockets.ts";
import type { Poller } from "#host/sockets/poller.ts";
import { watchDatagrams, type Sender } from "#host/sockets/socket-servers.ts";
import { close, connect, raw, receive, socket } from "#host/kernel/syscalls.ts";
import type { RelayTarget } from "./host-ports.ts";

/** docker-compat: how long a silent sender keeps its socket. */
const IDLE_MS = 90_000;
/** Of one port; datagrams of further ones are dropped. */
const MAX_SENDERS = 1024;
/** A datagram is copied out of it at once. */
const largestDatagram = new Uint8Array(65_535);

interface Conversation {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** Passes datagrams that come in at the bound socket `fd` on to `target`, and the answers back, a socket for each sender. */
export function relayDatagrams(poller: Poller, fd: number, target: RelayTarget): { close(): void } {
  const conversations = new Map<string, Conversation>();
  const watch = watchDatagrams(poller, fd, (bytes, sender) => {
    let conversation = conversations.get(sender.key);
    if (conversation === undefined) {
      if (conversations.size >= MAX_SENDERS) return;
      conversation = converse(poller, target, sender, () => conversations.delete(sender.key));
      conversations.set(sender.key, conversation);
    }
    conversation.send(bytes);
  });
  return {
    close() {
      watch.close();
      for (const conversation of [...conversations.values()]) conversation.close();
    },
  };
}

function converse(poller: Poller, target: RelayTarget, sender: Sender, onEnd: () => void): Conversation {
  const { family, address } = socketAddress(target);
  const fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  try {
    connect(fd, address);
  } catch (error) {
    close(fd);
    throw error;
  }
  const watch = poller.watch(fd, EPOLLIN, () => {
    try {
      const length = receive(fd, largestDatagram, MSG_DONTWAIT);
      if (length === undefined) return;
      idle.refresh();
      sender.reply(largestDatagram.slice(0, length));
    } catch {
      // The container refuses (ECONNREFUSED): so would a lost datagram look.
    }
  });
  const end = (): void => {
    clearTimeout(idle);
    watch.close();
    close(fd);
    onEnd();
  };
  const idle = setTimeout(end, IDLE_MS).unref();
  return {
    send(bytes) {
      idle.refresh();
      raw("sendto", fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, null);
    },
    close: end,
  };
}

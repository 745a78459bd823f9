import { addon, type ResponderHandle } from "../kernel/addon.ts";
import { SyscallError } from "../kernel/errno.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_DGRAM } from "../kernel/linux.ts";
import { openServer, type ServerPlace, type SocketServer } from "./socket-servers.ts";
import { close, raw } from "../kernel/syscalls.ts";

/**
 * What a question is answered with: the records in the form they have in a message, all of one length, with a pointer to the
 * question (0xc00c) for a name; of several each is the first in turn. `elsewhere`: it is for `onQuestion` to answer, whatever
 * zones that are looked at later say. Undefined: nothing is known.
 */
export type KnownRecords = readonly Uint8Array[] | "elsewhere" | undefined;

const nothing = new Uint8Array();
/** What fits into no datagram that is answered here is left to `onQuestion`. */
const MAX_ANSWER = 4096;

/** A datagram that the responder does not know the answer to. A reply that cannot be sent, or comes after close(), is lost. */
export type OnQuestion = (datagram: Uint8Array, reply: (answer: Uint8Array) => void) => void;

export interface NameSocket extends SocketServer {
  /** Where questions that come in here are looked up from now on, one zone after the other. */
  setZones(zones: readonly number[]): void;
}

/**
 * Answers questions for names (RFC 1035, by UDP) by a thread of its own (native/addon/names.c), so that who asks does not wait for
 * the loop of this process. It knows what it is told here; other questions are handed to the loop, at most 1,024 at a time:
 * however many come, nothing heaps up.
 */
export class NameResponder {
  readonly #handle: ResponderHandle;
  readonly #sockets = new Map<number, { readonly fd: number; readonly onQuestion: OnQuestion }>();
  #nextToken = 1;

  /** Of all sockets together so many datagrams are looked at, a second and at once after a pause; others are lost. */
  constructor({ rate, burst }: { readonly rate: number; readonly burst: number }) {
    this.#handle = addon().startResponder(rate, burst, (token, datagram, sender) => {
      this.#sockets.get(token)?.onQuestion(datagram, (answer) => {
        const socket = this.#sockets.get(token);
        if (socket !== undefined) raw("sendto", socket.fd, answer, MSG_DONTWAIT | MSG_NOSIGNAL, sender);
      });
    });
  }

  /** Serve at a port that the kernel chooses. */
  serve(place: ServerPlace, zones: readonly number[], onQuestion: OnQuestion): NameSocket {
    const token = this.#nextToken++;
    const setZones = (fd: number, numbers: readonly number[]): void => {
      const result = addon().serveNames(this.#handle, token, fd, new Uint8Array(Uint32Array.from(numbers).buffer));
      if (result < 0) throw new SyscallError("epoll_ctl", -result);
    };
    let served = -1;
    const server = openServer(place, SOCK_DGRAM, (fd) => {
      setZones(fd, zones);
      this.#sockets.set(token, { fd, onQuestion });
      served = fd;
      return {
        close: () => {
          this.#sockets.delete(token);
          addon().endNames(this.#handle, token);
          close(fd);
        },
      };
    });
    return {
      ...server,
      setZones: (numbers) => {
        if (this.#sockets.has(token)) setZones(served, numbers);
      },
    };
  }

  /** `question`: name, type and class as in a message, the name in lower case. Replaces what was known. */
  tell(zone: number, question: Uint8Array, known: KnownRecords): void {
    const records = known === undefined ? null : known === "elsewhere" ? nothing : Buffer.concat(known);
    // Of no records any length will do; 0 says that they are elsewhere.
    const recordLength = known === undefined || known === "elsewhere" ? 0 : (known[0]?.length ?? 1);
    const isTooMuch = records !== null && records.length > MAX_ANSWER;
    const [held, length] = isTooMuch ? [nothing, 0] : [records, recordLength];
    const result = addon().tellNames(this.#handle, zone, question, held, length);
    if (result < 0) throw new SyscallError("malloc", -result);
  }

  /** The sockets are to be closed before. */
  close(): void {
    addon().stop(this.#handle);
  }
}

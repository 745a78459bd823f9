import { BerthError } from "#base/errors.ts";
import { errnoName, errnoText, hasCode } from "../kernel/errno.ts";
import {
  encodeMessages,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  parseAcknowledgement,
  parseMessages,
  type NetlinkMessage,
  type NetlinkRequest,
} from "./message.ts";

/** One AF_NETLINK socket with NETLINK_CAP_ACK and NETLINK_EXT_ACK set, as syscalls see it. */
export interface NetlinkTransport {
  send(bytes: Uint8Array): void;
  /**
   * The next datagram, without waiting; undefined when none is queued. Throws a SyscallError with code ENOBUFS when the
   * kernel dropped answers. The bytes stay valid until the next call.
   */
  receive(): Uint8Array | undefined;
  close(): void;
}

/** The kernel refused a request. Kind `internal`; `errno` tells callers what it means to them. */
export class NetlinkError extends BerthError {
  readonly errno: number;
  /** `EEXIST` and the like. */
  readonly code: string;

  constructor(what: string, errno: number, text = "") {
    super("internal", `${what}: ${errnoText(errno)}${text === "" ? "" : ` (${text})`}`, {
      details: { errno, code: errnoName(errno) },
    });
    this.name = "NetlinkError";
    this.errno = errno;
    this.code = errnoName(errno);
  }
}

/**
 * Request and answer over one netlink socket. The kernel handles a request inside send(), so every answer is queued when
 * it returns and nothing here waits: answers are read until the one that was asked for is there or the queue is empty.
 * Not for sockets that subscribe to multicast groups.
 */
export class NetlinkSocket implements Disposable {
  readonly #transport: NetlinkTransport;
  #sequence = 1;

  constructor(transport: NetlinkTransport) {
    this.#transport = transport;
  }

  /**
   * Carry out `requests` in order, in one datagram. The kernel goes on after a refused one; the first refusal is thrown
   * as {@link NetlinkError}. `tolerate` lists errno names that count as success (e.g. EEXIST for an idempotent add).
   */
  execute(requests: readonly NetlinkRequest[], tolerate: readonly string[] = []): void {
    this.#execute(requests, requests.length - 1, tolerate);
  }

  /** Like {@link execute} for messages that the kernel carries out together or not at all, between `begin` and `end`. */
  transact(begin: NetlinkRequest, requests: readonly NetlinkRequest[], end: NetlinkRequest): void {
    this.#execute([begin, ...requests, end], requests.length, []);
  }

  /** {@link execute} of requests of which some ask for something: their answers, in order. */
  executeAndGet(requests: readonly NetlinkRequest[]): readonly NetlinkMessage[] {
    const answers: NetlinkMessage[] = [];
    this.#execute(requests, requests.length - 1, [], (answer) => answers.push(detached(answer)));
    return answers;
  }

  #execute(
    requests: readonly NetlinkRequest[],
    acknowledge: number,
    tolerate: readonly string[],
    onAnswer?: (answer: NetlinkMessage) => void,
  ): void {
    if (requests.length === 0) return;
    const first = this.#send(
      requests.map((request, index) => (index === acknowledge ? acknowledged(request) : request)),
    );
    let refusal: NetlinkError | undefined;
    let answered = false;
    this.#receive((message) => {
      const index = message.sequence - first;
      const request = requests[index];
      if (request === undefined) return false;
      if (message.type !== NLMSG_ERROR) {
        onAnswer?.(message);
        return false;
      }
      const { errno, text } = parseAcknowledgement(message);
      if (errno !== 0 && !tolerate.includes(errnoName(errno))) refusal ??= new NetlinkError(request.what, errno, text);
      answered = index === acknowledge;
      return answered;
    });
    if (refusal !== undefined) throw refusal;
    if (!answered) throw unanswered(requests[acknowledge]?.what ?? "");
  }

  /** One request whose answer is a message (RTM_GETLINK of one link); undefined when the kernel says `ENODEV` or `ENOENT`. */
  get(request: NetlinkRequest): NetlinkMessage | undefined {
    return this.getEach([request])[0];
  }

  /** {@link get} of several, in one datagram: their answers in the same order. */
  getEach(requests: readonly NetlinkRequest[]): readonly (NetlinkMessage | undefined)[] {
    if (requests.length === 0) return [];
    const first = this.#send(requests);
    const answers = new Map<NetlinkRequest, NetlinkMessage | undefined>();
    this.#receive((message) => {
      const request = requests[message.sequence - first];
      if (request === undefined) return false;
      answers.set(request, message.type === NLMSG_ERROR ? absence(request, message) : detached(message));
      return answers.size === requests.length;
    });
    return requests.map((request) => {
      if (!answers.has(request)) throw unanswered(request.what);
      return answers.get(request);
    });
  }

  /** Everything that matches, from one consistent state: begun again when the kernel says that it changed meanwhile. */
  dump(request: NetlinkRequest): NetlinkMessage[] {
    for (let attempt = 1; ; attempt++) {
      const messages = this.#dumpOnce(request);
      if (messages !== undefined) return messages;
      if (attempt === maxAttempts)
        throw new BerthError("unavailable", `${request.what}: changed ${maxAttempts} times while it was read`);
    }
  }

  close(): void {
    this.#transport.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #dumpOnce(request: NetlinkRequest): NetlinkMessage[] | undefined {
    const sequence = this.#send([{ ...request, flags: request.flags | NLM_F_DUMP }]);
    const messages: NetlinkMessage[] = [];
    let consistent = true;
    let done = false;
    try {
      this.#receive((message) => {
        if (message.sequence !== sequence) return false;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) consistent = false;
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
          const { errno, text } = parseAcknowledgement(message);
          if (errno !== 0 && errnoName(errno) !== "EINTR") throw new NetlinkError(request.what, errno, text);
          if (errno !== 0) consistent = false;
          done = true;
        } else {
          messages.push(detached(message));
        }
        return done;
      });
    } catch (error) {
      if (!hasCode(error, "ENOBUFS")) throw error;
      return undefined;
    }
    if (!done) throw unanswered(request.what);
    return consistent ? messages : undefined;
  }

  #send(requests: readonly NetlinkRequest[]): number {
    const first = this.#sequence;
    this.#sequence = (this.#sequence + requests.length) % 0x7fffffff || 1;
    this.#transport.send(encodeMessages(requests, first));
    return first;
  }

  /** Feeds queued messages to `take` until it returns true. Answers to earlier, abandoned requests pass by unmatched. */
  #receive(take: (message: NetlinkMessage) => boolean): void {
    for (;;) {
      const bytes = this.#transport.receive();
      if (bytes === undefined) return;
      if (parseMessages(bytes).some(take)) return;
    }
  }
}

const maxAttempts = 10;

function acknowledged(request: NetlinkRequest): NetlinkRequest {
  return { ...request, flags: request.flags | NLM_F_ACK };
}

/** Undefined for what is not there; throws for what the kernel refuses. */
function absence({ what }: NetlinkRequest, message: NetlinkMessage): undefined {
  const { errno, text } = parseAcknowledgement(message);
  if (!["ENODEV", "ENOENT"].includes(errnoName(errno))) throw new NetlinkError(what, errno, text);
  return undefined;
}

/** The bytes of what was received stay valid until the next is. */
function detached(message: NetlinkMessage): NetlinkMessage {
  return { ...message, payload: message.payload.slice() };
}

function unanswered(what: string): BerthError {
  return new BerthError("unavailable", `${what}: the kernel did not answer`);
}

import { describe, expect, test } from "bun:test";
import { SyscallError } from "../kernel/errno.ts";
import {
  encodeMessages,
  NLM_F_ACK,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  parseMessages,
  type NetlinkMessage,
} from "./message.ts";
import { NetlinkSocket, type NetlinkTransport } from "./socket.ts";
import { NetlinkWriter } from "./writer.ts";

type Answer = {
  readonly type: number;
  readonly flags?: number;
  readonly payload?: Uint8Array;
  readonly sequence: number;
};

/** Answers every datagram by `reply`; an Error among the answers is thrown by receive. */
class FakeKernel implements NetlinkTransport {
  readonly received: NetlinkMessage[][] = [];
  readonly #reply: (messages: readonly NetlinkMessage[]) => readonly (Answer | Error)[];
  #queue: (Answer | Error)[] = [];

  constructor(reply: (messages: readonly NetlinkMessage[]) => readonly (Answer | Error)[]) {
    this.#reply = reply;
  }

  send(bytes: Uint8Array): void {
    const messages = parseMessages(bytes);
    this.received.push(messages);
    this.#queue.push(...this.#reply(messages));
  }

  receive(): Uint8Array | undefined {
    const answer = this.#queue.shift();
    if (answer instanceof Error) throw answer;
    if (answer === undefined) return undefined;
    const { type, flags = 0, payload = new Uint8Array(0), sequence } = answer;
    return encodeMessages([{ type, flags, payload, what: "" }], sequence);
  }

  close(): void {}
}

function status(sequence: number, errno: number, type: number = NLMSG_ERROR): Answer {
  return {
    type,
    sequence,
    payload: new NetlinkWriter()
      .u32(-errno >>> 0)
      .bytes(new Uint8Array(16))
      .finish(),
  };
}

function request(what: string): { type: number; flags: number; payload: Uint8Array; what: string } {
  return { type: 16, flags: 0, payload: new Uint8Array(4), what };
}

function sequenceOf(messages: readonly NetlinkMessage[], index = 0): number {
  return messages.at(index)?.sequence ?? -1;
}

describe("execute", () => {
  test("asks for the last message's acknowledgement only", () => {
    const kernel = new FakeKernel((messages) => [status(sequenceOf(messages, -1), 0)]);
    new NetlinkSocket(kernel).execute([request("a"), request("b")]);
    expect(kernel.received[0]?.map((message) => (message.flags & NLM_F_ACK) !== 0)).toEqual([false, true]);
  });

  test("names the first refused request", () => {
    const kernel = new FakeKernel((messages) => [
      status(sequenceOf(messages, 1), 17),
      status(sequenceOf(messages, 2), 22),
      status(sequenceOf(messages, -1), 0),
    ]);
    const run = (): void => new NetlinkSocket(kernel).execute(["a", "add link", "c", "d"].map(request));
    expect(run).toThrow("add link: file exists");
    expect(run).toThrow(expect.objectContaining({ code: "EEXIST", errno: 17, kind: "internal" }));
  });

  test("lets pass what is tolerated", () => {
    const kernel = new FakeKernel((messages) => [status(sequenceOf(messages), 19)]);
    new NetlinkSocket(kernel).execute([request("delete link")], ["ENODEV"]);
  });

  test("does not take the answer to an abandoned request for its own", () => {
    const kernel = new FakeKernel((messages) => [
      status(sequenceOf(messages) - 1, 22),
      status(sequenceOf(messages), 0),
    ]);
    new NetlinkSocket(kernel).execute([request("a")]);
  });

  test("says so when no answer comes", () => {
    const silent = new FakeKernel(() => []);
    expect(() => new NetlinkSocket(silent).execute([request("add link")])).toThrow(
      "add link: the kernel did not answer",
    );
  });
});

describe("executeAndGet", () => {
  const link = (sequence: number, ...payload: number[]): Answer => ({
    type: 16,
    sequence,
    payload: Uint8Array.from(payload),
  });

  test("gives the answers between what is carried out, in order", () => {
    const kernel = new FakeKernel((messages) => [
      link(sequenceOf(messages, 1), 1),
      link(sequenceOf(messages, 3), 2),
      status(sequenceOf(messages, -1), 0),
    ]);
    const asked = ["add link a", "get link a", "add link b", "get link b", "change link b"].map(request);
    const answers = new NetlinkSocket(kernel).executeAndGet(asked);
    expect(answers.map(({ payload }) => payload[0])).toEqual([1, 2]);
    expect(kernel.received).toHaveLength(1);
  });

  test("names the first refused request, and not what was missed for want of it", () => {
    const kernel = new FakeKernel((messages) => [
      status(sequenceOf(messages, 0), 17),
      status(sequenceOf(messages, 1), 19),
      status(sequenceOf(messages, -1), 19),
    ]);
    const run = (): unknown => new NetlinkSocket(kernel).executeAndGet(["add link", "get link", "change"].map(request));
    expect(run).toThrow("add link: file exists");
  });
});

describe("transact", () => {
  test("asks the last request, not the end, and reports a refused beginning", () => {
    const kernel = new FakeKernel((messages) => [status(sequenceOf(messages), 85)]);
    const run = (): void =>
      new NetlinkSocket(kernel).transact(request("begin"), [request("a"), request("b")], request("end"));
    expect(run).toThrow(expect.objectContaining({ code: "ERESTART" }));
    expect(kernel.received[0]?.map((message) => (message.flags & NLM_F_ACK) !== 0)).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });
});

describe("get", () => {
  test("is undefined for what does not exist", () => {
    const kernel = new FakeKernel((messages) => [status(sequenceOf(messages), 19)]);
    expect(new NetlinkSocket(kernel).get(request("get link"))).toBeUndefined();
  });

  test("of several: each answer at its request's place, those that are not there too", () => {
    const kernel = new FakeKernel((messages) => [
      { type: 16, sequence: sequenceOf(messages, 0), payload: Uint8Array.of(7, 0, 0, 0) },
      status(sequenceOf(messages, 1), 19),
      { type: 16, sequence: sequenceOf(messages, 2), payload: Uint8Array.of(9, 0, 0, 0) },
    ]);
    const answers = new NetlinkSocket(kernel).getEach(["a", "b", "c"].map(request));
    expect(answers.map((answer) => answer?.payload[0])).toEqual([7, undefined, 9]);
    expect(kernel.received).toHaveLength(1);
    const silent = new FakeKernel((messages) => [status(sequenceOf(messages, 0), 19)]);
    expect(() => new NetlinkSocket(silent).getEach(["a", "b"].map(request))).toThrow("b: the kernel did not answer");
  });

  test("throws other refusals", () => {
    const kernel = new FakeKernel((messages) => [status(sequenceOf(messages), 1)]);
    expect(() => new NetlinkSocket(kernel).get(request("get link"))).toThrow("get link: operation not permitted");
  });
});

describe("dump", () => {
  test("collects to the end", () => {
    const kernel = new FakeKernel((messages) => {
      const sequence = sequenceOf(messages);
      return [
        { type: 16, sequence, payload: Uint8Array.of(1, 0, 0, 0) },
        { type: 16, sequence, payload: Uint8Array.of(2, 0, 0, 0) },
        status(sequence, 0, NLMSG_DONE),
      ];
    });
    expect(new NetlinkSocket(kernel).dump(request("list")).map((message) => message.payload[0])).toEqual([1, 2]);
  });

  test("begins again when the state changed or answers were lost", () => {
    let attempt = 0;
    const kernel = new FakeKernel((messages) => {
      const sequence = sequenceOf(messages);
      attempt++;
      if (attempt === 1) return [{ type: 16, sequence, flags: NLM_F_DUMP_INTR }, status(sequence, 0, NLMSG_DONE)];
      if (attempt === 2) return [new SyscallError("recvfrom", 105)];
      return [{ type: 16, sequence, payload: Uint8Array.of(3, 0, 0, 0) }, status(sequence, 0, NLMSG_DONE)];
    });
    expect(new NetlinkSocket(kernel).dump(request("list")).map((message) => message.payload[0])).toEqual([3]);
    expect(attempt).toBe(3);
  });

  test("gives up on a state that never holds still", () => {
    const kernel = new FakeKernel((messages) => [
      { ...status(sequenceOf(messages), 0, NLMSG_DONE), flags: NLM_F_DUMP_INTR },
    ]);
    expect(() => new NetlinkSocket(kernel).dump(request("list"))).toThrow("list: changed 10 times while it was read");
  });
});

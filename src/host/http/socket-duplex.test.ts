import { expect, test } from "bun:test";
import { SocketDuplex } from "./socket-duplex.ts";

/** A socket of the runtime whose kernel side has room for so many bytes at a time. */
class NarrowSocket {
  taken = "";
  room: number;
  isShut = false;

  constructor(room: number) {
    this.room = room;
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    const count = Math.min(this.room, length);
    this.taken += Buffer.from(bytes.subarray(offset, offset + count)).toString();
    this.room -= count;
    return count;
  }

  ending: "closed" | "terminated" | undefined;

  shutdown(): void {
    this.isShut = true;
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    this.ending = "closed";
  }

  terminate(): void {
    this.ending = "terminated";
  }
}

function opened(room: number): { readonly socket: NarrowSocket; readonly stream: SocketDuplex } {
  const socket = new NarrowSocket(room);
  const stream = new SocketDuplex();
  stream.open(socket);
  return { socket, stream };
}

/** The kernel took what it had, and has room again. */
async function drain(socket: NarrowSocket, stream: SocketDuplex, room: number): Promise<void> {
  socket.room = room;
  stream.onDrain();
  await Bun.sleep(0);
}

test("what there is room for is written at once", () => {
  const { socket, stream } = opened(100);
  void stream.write("one ");
  void stream.write("two");
  expect(socket.taken).toBe("one two");
});

test("what there is no room for is written in its order, and each write settles when its bytes are", async () => {
  const { socket, stream } = opened(2);
  const settled: string[] = [];
  for (const text of ["first", "second", "", "third"]) void stream.write(text).then(() => settled.push(text));
  const ended = stream.endWrite();
  await Bun.sleep(0);
  expect([socket.taken, settled, socket.isShut]).toEqual(["fi", [], false]);
  await drain(socket, stream, 5);
  expect([socket.taken, settled]).toEqual(["firstse", ["first"]]);
  await drain(socket, stream, 4);
  expect([socket.taken, settled]).toEqual(["firstsecond", ["first", "second", ""]]);
  await drain(socket, stream, 100);
  await ended;
  expect([socket.taken, settled.at(-1), socket.isShut]).toEqual(["firstsecondthird", "third", true]);
});

test("writes that wait when the connection breaks fail, and so do later ones", async () => {
  const { socket, stream } = opened(1);
  const waiting = Promise.allSettled([stream.write("one"), stream.write("two")]);
  stream.onClose();
  const outcomes = [...(await waiting), ...(await Promise.allSettled([stream.write("three")]))];
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: "rejected", reason: { message: "write: broken pipe" } });
  expect(socket.taken).toBe("o");
});

test("who has said all leaves what is on its way; who breaks off takes it back", async () => {
  const whole = opened(100);
  await whole.stream.write("all");
  await whole.stream.endWrite();
  whole.stream.close();
  expect(whole.socket.ending).toBe("closed");
  const half = opened(100);
  await half.stream.write("half");
  half.stream.close();
  expect(half.socket.ending).toBe("terminated");
});

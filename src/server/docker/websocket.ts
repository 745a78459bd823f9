import { createHash } from "node:crypto";
import { viewOf } from "#base/data-view.ts";
import type { RawConnection } from "./reply.ts";

/** RFC 6455, as much of it as a byte stream needs: data frames of any cut, ping, close. */
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const normalClosure = Uint8Array.of(0x03, 0xe8);
/** Control frames are short (section 5.5); data is passed on as it comes and needs no limit. */
const controlMaxBytes = 125;

export type Handshake =
  | { readonly accept: string }
  | { readonly refusal: string; readonly headers: Readonly<Record<string, string>> };

/** What to answer to an upgrade; refusals are in the words of the library that Docker uses. */
export function handshake(header: (name: string) => string | undefined): Handshake {
  const wanted = (header("connection") ?? "").toLowerCase().includes("upgrade");
  if ((header("upgrade") ?? "").toLowerCase() !== "websocket" || !wanted) return refuse("not websocket protocol");
  const key = header("sec-websocket-key") ?? "";
  if (key === "") return refuse("mismatch challenge/response");
  if (header("sec-websocket-version") !== "13") {
    return refuse("missing or bad WebSocket Version", { "Sec-WebSocket-Version": "13" });
  }
  return { accept: createHash("sha1").update(`${key}${guid}`).digest("base64") };
}

const refuse = (refusal: string, headers: Readonly<Record<string, string>> = {}): Handshake => ({ refusal, headers });

/**
 * The bytes inside the frames, as a connection. Each write is one message, `text` or binary. The client's close ends what
 * is readable; `finish` says goodbye.
 */
export function webSocketConnection(
  connection: RawConnection,
  kind: "text" | "binary",
): RawConnection & { finish(): Promise<void> } {
  return {
    readable: payloads(connection),
    gone: connection.gone,
    write: (bytes) => connection.write(frame(opcode[kind], bytes)),
    async finish() {
      await connection.write(frame(opcode.close, normalClosure));
    },
  };
}

/** One unmasked frame. */
export function frame(code: number, payload: Uint8Array): Uint8Array {
  const { byteLength } = payload;
  const extended = byteLength < 126 ? 0 : byteLength < 0x10000 ? 2 : 8;
  const bytes = new Uint8Array(2 + extended + byteLength);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x80 | code;
  bytes[1] = extended === 0 ? byteLength : extended === 2 ? 126 : 127;
  if (extended === 2) view.setUint16(2, byteLength);
  if (extended === 8) view.setBigUint64(2, BigInt(byteLength));
  bytes.set(payload, 2 + extended);
  return bytes;
}

interface Head {
  readonly code: number;
  readonly length: number;
  readonly mask: Uint8Array;
  readonly bytes: number;
}

/** Undefined when there are too few bytes; throws at what no client may send. */
function headOf(bytes: Uint8Array): Head | undefined {
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const maskAt = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.byteLength < 2 || bytes.byteLength < maskAt + 4) return undefined;
  const view = viewOf(bytes);
  const length = short === 126 ? view.getUint16(2) : short === 127 ? Number(view.getBigUint64(2)) : short;
  const code = first & 15;
  if ((second & 0x80) === 0 || (first & 0x70) !== 0 || (code >= opcode.close && length > controlMaxBytes)) {
    throw new RangeError("a frame that no WebSocket client may send");
  }
  return { code, length, mask: new Uint8Array(bytes.subarray(maskAt, maskAt + 4)), bytes: maskAt + 4 };
}

/** What a client's frames carry, in the order of its bytes. */
type Piece = { readonly kind: "data" | "ping"; readonly bytes: Uint8Array } | { readonly kind: "close" };

/** Takes a client's bytes as they arrive. Data is given as far as it is there, control frames whole. */
export class FrameReader {
  #held: Uint8Array = new Uint8Array();
  #head: Head | undefined;
  /** Payload bytes of the current frame that were given. */
  #done = 0;

  /** Throws a RangeError at what no client may send. */
  *push(chunk: Uint8Array): Generator<Piece> {
    this.#held = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const head = this.#head ?? headOf(this.#held);
      if (head === undefined) return;
      if (this.#head === undefined) {
        this.#head = head;
        this.#held = this.#held.subarray(head.bytes);
      }
      const missing = head.length - this.#done;
      const isControl = head.code >= opcode.close;
      if (this.#held.byteLength < missing && (isControl || this.#held.byteLength === 0)) return;
      const bytes = this.#unmask(head, Math.min(missing, this.#held.byteLength));
      if (this.#done === head.length) {
        this.#head = undefined;
        this.#done = 0;
      }
      if (head.code === opcode.close) yield { kind: "close" };
      else if (head.code === opcode.ping) yield { kind: "ping", bytes };
      else if (!isControl && bytes.byteLength > 0) yield { kind: "data", bytes };
    }
  }

  #unmask(head: Head, count: number): Uint8Array {
    const bytes = new Uint8Array(this.#held.subarray(0, count));
    for (let index = 0; index < count; index += 1) {
      bytes[index] = (bytes[index] as number) ^ (head.mask[(this.#done + index) % 4] as number);
    }
    this.#held = this.#held.subarray(count);
    this.#done += count;
    return bytes;
  }
}

async function* payloads(connection: RawConnection): AsyncGenerator<Uint8Array> {
  const reader = new FrameReader();
  try {
    for await (const chunk of connection.readable) {
      for (const piece of reader.push(chunk)) {
        if (piece.kind === "close") return;
        if (piece.kind === "data") yield piece.bytes;
        else await connection.write(frame(opcode.pong, piece.bytes));
      }
    }
  } catch (error) {
    // A client that breaks the protocol is as one that left.
    if (!(error instanceof RangeError)) throw error;
  }
}

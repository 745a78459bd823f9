import { createConnection, type Socket } from "node:net";

/** What a WebSocket conversation gave; opcodes of RFC 6455 section 5.2. */
export interface WebSocketFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A WebSocket client on an engine's unix socket, as plain as can be: what goes over the wire is what is tested. */
export class WebSocketClient {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  readonly #frames: WebSocketFrame[] = [];
  /** The answer's head. */
  head = "";
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#read();
    });
    socket.on("close", () => (this.#ended = true));
    socket.on("error", () => (this.#ended = true));
  }

  static async connect(
    path: string,
    target: string,
    headers: Readonly<Record<string, string>> = upgradeHeaders,
  ): Promise<WebSocketClient> {
    const socket = createConnection(path);
    const client = new WebSocketClient(socket);
    const lines = Object.entries({ Host: "engine", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
    while (client.head === "" && !client.#ended) await Bun.sleep(5);
    return client;
  }

  /** Masked, as a client's frames must be. */
  send(payload: string, opcode = 2, final = true): void {
    const bytes = Buffer.from(payload);
    const mask = Buffer.from([1, 2, 3, 4]);
    const masked = Uint8Array.from(bytes, (byte, index) => byte ^ (mask[index % 4] ?? 0));
    const length = bytes.length < 126 ? [bytes.length | 0x80] : [126 | 0x80, bytes.length >> 8, bytes.length & 0xff];
    this.#socket.write(Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, ...length]), mask, masked]));
  }

  /** Wait until the data frames so far hold `text`. */
  async until(text: string): Promise<void> {
    while (!this.text().includes(text) && !this.#ended) await Bun.sleep(5);
  }

  /** Every frame until the server's end. */
  async end(): Promise<readonly WebSocketFrame[]> {
    while (!this.#ended) await Bun.sleep(5);
    return this.#frames;
  }

  text(): string {
    const data = this.#frames.filter(({ opcode }) => opcode < 8);
    return Buffer.concat(data.map(({ payload }) => payload)).toString();
  }

  /** What is left when the answer was no upgrade. */
  body(): string {
    return this.#bytes.toString();
  }

  close(): void {
    this.#socket.destroy();
    this.#ended = true;
  }

  #read(): void {
    if (this.head === "") {
      const end = this.#bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = this.#bytes.toString("latin1", 0, end);
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    if (!this.head.startsWith("HTTP/1.1 101")) return;
    while (this.#bytes.length >= 2) {
      let length = (this.#bytes[1] ?? 0) & 0x7f;
      let at = 2;
      if (length === 126) {
        if (this.#bytes.length < 4) return;
        length = this.#bytes.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (this.#bytes.length < 10) return;
        length = Number(this.#bytes.readBigUInt64BE(2));
        at = 10;
      }
      if (this.#bytes.length < at + length) return;
      const payload = Buffer.from(this.#bytes.subarray(at, at + length));
      this.#frames.push({ opcode: (this.#bytes[0] ?? 0) & 15, payload });
      this.#bytes = this.#bytes.subarray(at + length);
    }
  }
}

/** The example of RFC 6455 section 1.3. */
export const upgradeHeaders: Readonly<Record<string, string>> = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

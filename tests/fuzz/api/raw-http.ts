import { connect, type Socket } from "node:net";

export interface RawAnswer {
  /** 0 when the connection ended without a status line. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The connection was still open when the time was over. */
  readonly open: boolean;
}

export interface RawOptions {
  /** Leave after this time; default 10 s. */
  readonly timeoutMs?: number;
  /** Close our side of the connection behind the request. */
  readonly halfClose?: boolean;
  /** Send it in pieces of this size with a pause between them. */
  readonly pieces?: { readonly size: number; readonly pauseMs: number };
}

/** How much of an answer is kept. */
const keptBytes = 64 * 1024;

/** Send bytes as they are to a unix socket and read until the answer is complete, the connection ends, or time is over. */
export function sendRaw(socketPath: string, bytes: Uint8Array, options: RawOptions = {}): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    const finish = (open: boolean) => (): void => {
      clearTimeout(timer);
      resolve({ ...parseAnswer(Buffer.concat(chunks)), open });
      socket.destroy();
    };
    const timer = setTimeout(finish(true), options.timeoutMs ?? 10_000);
    const headOnly = Buffer.from(bytes.subarray(0, 5)).toString() === "HEAD ";
    socket.on("data", (chunk: Buffer) => {
      if (size < keptBytes) chunks.push(chunk);
      size += chunk.length;
      if (size < keptBytes && isComplete(Buffer.concat(chunks), headOnly)) finish(false)();
    });
    socket.on("end", finish(false));
    socket.on("close", finish(false));
    socket.on("error", finish(false));
    socket.on("connect", () => void send(socket, bytes, options));
  });
}

async function send(socket: Socket, bytes: Uint8Array, options: RawOptions): Promise<void> {
  const { size, pauseMs } = options.pieces ?? { size: bytes.length, pauseMs: 0 };
  for (let at = 0; at < bytes.length && !socket.destroyed; at += size) {
    socket.write(bytes.subarray(at, at + size));
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  if (options.halfClose === true && !socket.destroyed) socket.end();
}

/** True when the bytes hold a whole answer with a known length. */
function isComplete(bytes: Buffer, headOnly: boolean): boolean {
  const split = bytes.indexOf("\r\n\r\n");
  if (split < 0 || headOnly) return split >= 0;
  const head = bytes.subarray(0, split).toString("latin1").toLowerCase();
  if (/^http\/1\.1 (204|304)/.test(head)) return true;
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) return bytes.length >= split + 4 + Number(length);
  return /\r\ntransfer-encoding: chunked/.test(head) && bytes.includes("\r\n0\r\n\r\n", split);
}

function parseAnswer(bytes: Buffer): Omit<RawAnswer, "open"> {
  const split = bytes.indexOf("\r\n\r\n");
  const head = bytes.subarray(0, split < 0 ? bytes.length : split).toString("latin1");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const rest = split < 0 ? Buffer.alloc(0) : bytes.subarray(split + 4);
  const body = headers["transfer-encoding"] === "chunked" ? unchunk(rest) : rest.toString();
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0), headers, body };
}

function unchunk(bytes: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf("\r\n", at);
    const size = end < 0 ? 0 : Number.parseInt(bytes.subarray(at, end).toString(), 16);
    if (!(size > 0)) return Buffer.concat(parts).toString();
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

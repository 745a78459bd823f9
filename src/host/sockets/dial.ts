import { connect as connectPlain, isIP, isIPv6, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { BerthError } from "#base/errors.ts";
import { errnoByName, errnoText } from "../kernel/errno.ts";

export type DialTarget =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "tls"; readonly host: string; readonly port: number; readonly tls: TlsSettings }
  | { readonly kind: "unix"; readonly path: string };

export interface TlsSettings {
  /** PEM; undefined = the system's authorities. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly skipVerify: boolean;
}

/** An outgoing connection. */
export interface DialedStream {
  /** Resolves when the kernel has the bytes; `unavailable` when the other side is gone or does not take them in time. */
  write(bytes: Uint8Array): Promise<void>;
  /** The next bytes, undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** False as soon as it is known that the other side is gone. */
  readonly alive: boolean;
  close(): void;
}

const dialTimeoutMs = 10_000;

/** Connect. `unavailable` in the words of Go's net.Dial. */
export async function dial(target: DialTarget, writeTimeoutMs = 0): Promise<DialedStream> {
  const socket = open(target);
  socket.unref();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once(target.kind === "tls" ? "secureConnect" : "connect", resolve);
  socket.once("error", reject);
  const timer = setTimeout(() => reject(new Error("i/o timeout")), dialTimeoutMs);
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    throw new BerthError("unavailable", `dial ${describe(target, error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
  return new SocketStream(socket, writeTimeoutMs);
}

function open(target: DialTarget): Socket {
  if (target.kind === "unix") return connectPlain({ path: target.path });
  const { host, port } = target;
  if (target.kind === "tcp") return connectPlain({ host: host || "127.0.0.1", port });
  const { ca, certificate, key, skipVerify } = target.tls;
  return connectTls({
    ...{ host, port, rejectUnauthorized: !skipVerify },
    // RFC 6066, section 3: a name, never an address.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  });
}

function describe(target: DialTarget, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) {
    return `tcp: lookup ${target.kind === "unix" ? target.path : target.host}: no such host`;
  }
  const number = errnoByName(code);
  const why = number === undefined ? (error as Error).message : `connect: ${errnoText(number)}`;
  if (target.kind === "unix") return `unix ${target.path}: ${why}`;
  const host = isIPv6(target.host) ? `[${target.host}]` : target.host;
  return `tcp ${host}:${target.port}: ${why}`;
}

class SocketStream implements DialedStream {
  readonly #socket: Socket;
  readonly #writeTimeoutMs: number;
  #chunks: Uint8Array[] = [];
  #ended = false;
  #wake = (): void => {};

  constructor(socket: Socket, writeTimeoutMs: number) {
    this.#socket = socket;
    this.#writeTimeoutMs = writeTimeoutMs;
    socket.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      // Answers are short; one that is not read is not a reason to keep more of them.
      if (this.#chunks.length > 64) this.#chunks.shift();
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", end);
  }

  get alive(): boolean {
    return !this.#ended && !this.#socket.destroyed;
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const gone = (why: string): void => {
        this.close();
        reject(new BerthError("unavailable", why));
      };
      if (!this.alive) return gone("write: broken pipe");
      const timer =
        this.#writeTimeoutMs > 0 ? setTimeout(() => gone("write: i/o timeout"), this.#writeTimeoutMs) : undefined;
      const onClose = (): void => gone("write: broken pipe");
      this.#socket.once("close", onClose);
      this.#socket.write(bytes, (error) => {
        clearTimeout(timer);
        this.#socket.off("close", onClose);
        if (error === undefined || error === null) resolve();
        else gone(`write: ${error.message}`);
      });
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return chunk;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#socket.destroySoon();
    this.#ended = true;
    this.#wake();
  }
}

import { BerthError, isBerthError } from "#base/errors.ts";
import type { MessageReader } from "./body-reader.ts";
import type { Duplex } from "./duplex.ts";
import { joined } from "./message.ts";
import { reasonPhrase } from "./reason-phrase.ts";
import type { RequestHead } from "./request-head.ts";

export type HeaderFields = Readonly<Record<string, string>>;

/** A connection that has left HTTP behind. */
export interface RawStream {
  /** What the client sends, until it half-closes or leaves. */
  readonly readable: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes are on their way; false when the client has left. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Aborts when the connection is gone in both directions. */
  readonly gone: AbortSignal;
}

/** One for all: a reason with its stack costs more than answering many. */
const left = new DOMException("The connection was closed", "AbortError");

const encoder = new TextEncoder();

/**
 * One request and its answer:
 *
 *   send                       the whole answer
 *   open ─▶ write … ─▶ end     one whose length nobody knows
 *   takeOver                   the connection itself
 *
 * Nothing here rejects because the client has left, but reading its body does: `cancelled`.
 */
export class Exchange {
  readonly request: RequestHead;
  readonly #stream: Duplex;
  readonly #reader: MessageReader;
  /** Lines of every answer. */
  readonly #common: string;
  /** Of the body; made when somebody reads it. */
  #chunks: AsyncGenerator<Uint8Array, void> | undefined;
  #state: "unanswered" | "opened" | "answered" | "taken" = "unanswered";
  /** A head that goes out with what follows it. */
  #head = "";
  #isBodyOver: boolean;
  #awaitsContinue: boolean;
  #closes: boolean;
  #isGone = false;
  #hasLeft = false;
  #gone: AbortController | undefined;
  #left: AbortController | undefined;

  constructor(deps: {
    readonly request: RequestHead;
    readonly stream: Duplex;
    readonly reader: MessageReader;
    readonly common: string;
  }) {
    this.request = deps.request;
    this.#stream = deps.stream;
    this.#reader = deps.reader;
    this.#common = deps.common;
    this.#isBodyOver = deps.request.framing.kind === "none";
    this.#awaitsContinue = deps.request.awaitsContinue;
    this.#closes = deps.request.closes || deps.request.upgrades;
  }

  /** Whether anything of the answer has gone out. */
  get isAnswered(): boolean {
    return this.#state !== "unanswered";
  }

  /** Aborts when the client leaves before the answer is complete, and when all is over. */
  get signal(): AbortSignal {
    this.#left ??= controller(this.#hasLeft);
    return this.#left.signal;
  }

  /** The body as it comes; `invalid-parameter` when it is malformed, `cancelled` when the client leaves within it. */
  async *body(): AsyncGenerator<Uint8Array, void> {
    await this.#askForBody();
    // By hand: whoever stops reading early must not end what the rest is read by.
    for (let next = await this.#nextChunk(); next !== undefined; next = await this.#nextChunk()) yield next;
  }

  /** The whole body; undefined, with some of it unread, when it is larger. Errors: {@link body}. */
  async wholeBody(maxBytes: number): Promise<Uint8Array | undefined> {
    const { framing } = this.request;
    if (framing.kind === "length" && framing.bytes > maxBytes) return undefined;
    const chunks: Uint8Array[] = [];
    let size = 0;
    await this.#askForBody();
    for (let chunk = await this.#nextChunk(); chunk !== undefined; chunk = await this.#nextChunk()) {
      size += chunk.length;
      if (size > maxBytes) return undefined;
      chunks.push(chunk);
    }
    const [first] = chunks;
    return first !== undefined && chunks.length === 1 ? first : joined(chunks);
  }

  /** The whole answer. What has no body by its status or by the request's method is sent without. */
  async send(status: number, headers: HeaderFields, body: string | Uint8Array = ""): Promise<void> {
    if (this.isAnswered) throw new BerthError("internal", "a request is answered once");
    this.#state = "answered";
    const isBodiless = status === 204 || status === 304;
    const head = this.#headText(`${status} ${reasonPhrase(status)}`, headers);
    const length = isBodiless ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const sent = isBodiless || this.request.method === "HEAD" ? "" : body;
    await this.#write(
      typeof sent === "string"
        ? encoder.encode(`${head}${length}\r\n${sent}`)
        : joined([encoder.encode(`${head}${length}\r\n`), sent]),
    );
  }

  /** Begin an answer with status 200. Its head goes out with the first bytes, or with {@link flush}. */
  open(headers: HeaderFields): void {
    if (this.isAnswered) throw new BerthError("internal", "a request is answered once");
    this.#state = "opened";
    const coding = this.#isChunked ? "Transfer-Encoding: chunked\r\n" : "";
    this.#head = `${this.#headText("200 OK", headers)}${coding}\r\n`;
  }

  async flush(): Promise<void> {
    const head = this.#head;
    this.#head = "";
    if (head !== "") await this.#write(encoder.encode(head));
  }

  /** With back-pressure. False when the client has left. */
  write(chunk: string | Uint8Array): Promise<boolean> {
    const bytes = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    if (this.#hasLeft) return Promise.resolve(false);
    if (bytes.length === 0 || this.request.method === "HEAD") return Promise.resolve(true);
    const head = this.#head;
    this.#head = "";
    if (!this.#isChunked) return this.#write(head === "" ? bytes : joined([encoder.encode(head), bytes]));
    const size = encoder.encode(`${head}${bytes.length.toString(16)}\r\n`);
    return this.#write(joined([size, bytes, Uint8Array.of(13, 10)]));
  }

  /** The opened answer is complete. */
  async end(): Promise<void> {
    const last = this.#isChunked && this.request.method !== "HEAD" ? "0\r\n\r\n" : "";
    const text = `${this.#head}${last}`;
    this.#head = "";
    this.#state = "answered";
    if (text !== "") await this.#write(encoder.encode(text));
  }

  /** Behind the head only the end of the connection can tell that the rest of an answer will not come. */
  cut(): void {
    if (this.#state !== "taken") this.#stream.close();
  }

  /**
   * The connection from behind the request's body on, after an answer of these lines. The rest of the body is passed over.
   * Only for a request that {@link RequestHead.upgrades}.
   */
  async takeOver(status: string, headers: HeaderFields, common: boolean): Promise<RawStream> {
    for await (const _ of this.body()) continue;
    this.#state = "taken";
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `HTTP/1.1 ${status}\r\n${lines.join("")}${common ? this.#common : ""}\r\n`;
    await this.#write(encoder.encode(head));
    this.#gone ??= controller(this.#isGone);
    return { readable: this.#remaining(), write: (bytes) => this.#write(bytes), gone: this.#gone.signal };
  }

  /** For the connection: the client has said all. */
  clientEnded(): void {
    // Who has taken the connection over reads that it is so.
    if (this.#state === "taken" || this.request.upgrades) return;
    this.#leave();
  }

  clientGone(): void {
    this.#isGone = true;
    this.#leave();
    this.#gone?.abort(left);
  }

  /** For the connection: what follows. `next`: another request may come. */
  async finish(): Promise<"next" | "linger" | "cut"> {
    this.#left?.abort(left);
    if (this.#isGone || this.#state === "unanswered" || this.#state === "opened") return "cut";
    if (this.#state === "taken" || this.#closes || !(await this.#passOverBody())) return "linger";
    return "next";
  }

  get #isChunked(): boolean {
    return !this.request.isOld && !this.request.upgrades;
  }

  #leave(): void {
    this.#hasLeft = true;
    this.#left?.abort(left);
  }

  #headText(status: string, headers: HeaderFields): string {
    // Who is answered without having been asked for the body may send it all the same.
    if (this.#awaitsContinue) this.#closes = true;
    let text = `HTTP/1.1 ${status}\r\n${this.#common}`;
    for (const name in headers) text += `${name}: ${(headers[name] ?? "").replace(/[\r\n]+/g, " ")}\r\n`;
    text += `Date: ${dateText()}\r\n`;
    return this.#closes ? `${text}Connection: close\r\n` : text;
  }

  async #askForBody(): Promise<void> {
    if (!this.#awaitsContinue || this.isAnswered) return;
    this.#awaitsContinue = false;
    await this.#write(encoder.encode("HTTP/1.1 100 Continue\r\n\r\n"));
  }

  async #nextChunk(): Promise<Uint8Array | undefined> {
    if (this.#isBodyOver) return undefined;
    try {
      this.#chunks ??= this.#reader.framed(this.request.framing);
      const next = await this.#chunks.next();
      if (next.done !== true) return next.value;
      this.#isBodyOver = true;
      return undefined;
    } catch (cause) {
      this.#closes = true;
      if (isBerthError(cause, "data-loss")) {
        throw new BerthError("invalid-parameter", "malformed chunked encoding", { cause });
      }
      throw new BerthError("cancelled", "the client left before the end of its request", { cause });
    }
  }

  /** False when there is too much of it, or it does not come. */
  async #passOverBody(): Promise<boolean> {
    if (this.#isBodyOver) return true;
    const timer = setTimeout(() => this.#stream.close(), PASS_OVER_MS);
    try {
      for (let size = 0; !this.#isBodyOver;) {
        size += (await this.#nextChunk())?.length ?? 0;
        if (size > PASS_OVER_BYTES) return false;
      }
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  async *#remaining(): AsyncGenerator<Uint8Array, void> {
    for (let chunk = await this.#read(); chunk !== undefined; chunk = await this.#read()) yield chunk;
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      return await this.#reader.read();
    } catch {
      return undefined;
    }
  }

  async #write(bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#stream.write(bytes);
      return true;
    } catch {
      return false;
    }
  }
}

let datedSecond = 0;
let date = "";

/** RFC 9110, section 5.6.7: whole seconds. */
function dateText(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== datedSecond) {
    datedSecond = second;
    date = new Date(now).toUTCString();
  }
  return date;
}

/** What an answered request still sends is read on, within these bounds, so that the connection can be kept. */
const PASS_OVER_BYTES = 8 << 20;
const PASS_OVER_MS = 500;

function controller(isAborted: boolean): AbortController {
  const made = new AbortController();
  if (isAborted) made.abort(left);
  return made;
}

import { connect } from "node:net";
import { BerthError, messageOf } from "#base/errors.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A body of known length that is made while it is sent. */
export interface StreamedBody {
  readonly sizeBytes: number;
  /** The bytes from the beginning; called again when a request must be sent again. */
  chunks(): AsyncIterable<Uint8Array>;
}

export interface HttpRequest {
  readonly url: string;
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | StreamedBody;
  readonly tls?: TlsSettings;
  /** How long a connection may take to come about, where one is needed and no proxy stands between. */
  readonly dialTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface TlsSettings {
  /** Accept any certificate. */
  readonly insecure?: boolean;
  /** PEM; added to the system's authorities. */
  readonly authorities?: readonly string[];
  readonly certificate?: string;
  readonly key?: string;
}

/** A server that says nothing and takes nothing for so long is given up: before its answer, and in the midst of it. */
export interface Patience {
  readonly headersMs: number;
  readonly bodyMs: number;
  /** So much of a body comes at least in each `bodyMs` that it is waited for, unless it ends. */
  readonly bodyBytes: number;
}

/** 1 KiB a second is a seventh of what a telephone line carries, and nobody's idea of a download. */
const PATIENCE: Patience = { headersMs: 30_000, bodyMs: 60_000, bodyBytes: 60 * 1024 };
/** A server that answered so short a time ago is reached by a connection that is open already. */
const REACHED_MS = 10_000;

/** One answer. The body must be read to the end or cancelled. */
export interface HttpAnswer {
  readonly status: number;
  /** Undefined when absent. */
  header(name: string): string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Stop reading and free the connection. */
  cancel(): void;
}

/** Carries one HTTP request out: no redirects, no retries, no decoding of the body. */
export interface RegistryHttp {
  /**
   * Throws {@link HttpFailure} when no answer came, and what a streamed body threw while it was sent. The body's iteration throws it when the connection breaks before the
   * announced end.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

/** Why no (whole) answer came, as a class that can be decided upon and in the words Docker's users know. */
export class HttpFailure extends BerthError {
  readonly reason: "no-such-host" | "refused" | "not-tls" | "certificate" | "broken" | "timeout" | "slow" | "cancelled";

  constructor(reason: HttpFailure["reason"], message: string, cause: unknown) {
    super(reason === "cancelled" ? "cancelled" : "internal", message, { cause, details: { reason } });
    this.reason = reason;
  }
}

/** {@link RegistryHttp} by the runtime's `fetch`, which pools connections and honours HTTPS_PROXY and NO_PROXY. */
export class FetchHttp implements RegistryHttp {
  readonly #patience: Patience;
  /** When a server whose connections are bounded answered last, by its origin. */
  readonly #reached = new Map<string, number>();

  constructor(patience: Partial<Patience> = {}) {
    this.#patience = { ...PATIENCE, ...patience };
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    await this.#reach(request);
    const abort = new AbortController();
    const onAbort = (): void => abort.abort();
    request.signal?.addEventListener("abort", onAbort, { once: true });
    if (request.signal?.aborted === true) abort.abort();
    let isTimedOut = false;
    const timer = setTimeout(() => {
      isTimedOut = true;
      abort.abort();
    }, this.#patience.headersMs);
    const tls = request.tls;
    let bodyError: Error | undefined;
    let response: Response;
    try {
      response = await fetch(request.url, {
        method: request.method,
        headers: { ...request.headers, ...lengthHeader(request.body) },
        redirect: "manual",
        signal: abort.signal,
        decompress: false,
        ...bodyInit(request.body, {
          onTaken: () => timer.refresh(),
          onError: (error) => (bodyError = error),
        }),
        ...(tls === undefined
          ? {}
          : {
              tls: {
                rejectUnauthorized: tls.insecure !== true,
                ...(tls.authorities === undefined ? {} : { ca: [...tls.authorities] }),
                ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
                ...(tls.key === undefined ? {} : { key: tls.key }),
              },
            }),
      } as BunFetchRequestInit);
    } catch (error) {
      request.signal?.removeEventListener("abort", onAbort);
      if (bodyError !== undefined) throw bodyError;
      if (isTimedOut) throw timedOut(request, error);
      throw translate(request, error);
    } finally {
      clearTimeout(timer);
    }
    if (request.dialTimeoutMs !== undefined) this.#reached.set(new URL(request.url).origin, performance.now());
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      body: bodyOf(request, response, {
        patience: this.#patience,
        cancel: () => abort.abort(),
        onEnd: () => request.signal?.removeEventListener("abort", onAbort),
      }),
      cancel: () => {
        request.signal?.removeEventListener("abort", onAbort);
        abort.abort();
      },
    };
  }

  /** The runtime's `fetch` tells nothing of its connections, so where their time is bounded one is tried first. */
  async #reach(request: HttpRequest): Promise<void> {
    const { url, dialTimeoutMs } = request;
    if (dialTimeoutMs === undefined || goesByProxy(url)) return;
    const last = this.#reached.get(new URL(url).origin);
    if (last === undefined || performance.now() - last > REACHED_MS) await reach(request, dialTimeoutMs);
  }
}

/** What `fetch` sends through a proxy, by the variables that it reads. */
function goesByProxy(url: string): boolean {
  const { protocol, hostname, host } = new URL(url);
  const [upper, lower] = protocol === "https:" ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"];
  if (!process.env[lower ?? ""] && !process.env[upper ?? ""]) return false;
  const direct = (process.env["no_proxy"] || process.env["NO_PROXY"] || "").split(",").map((item) => item.trim());
  return !direct.some((item) => {
    const bare = item.replace(/^\./, "");
    return item === "*" || (bare !== "" && [hostname, host].some((name) => name === bare || name.endsWith(`.${bare}`)));
  });
}

/** Does somebody listen there? `timeout` in Go's words when that is not known in time. */
async function reach(request: HttpRequest, timeoutMs: number): Promise<void> {
  const { hostname, port, protocol } = new URL(request.url);
  const socket = connect({
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve).once("error", reject);
  const onAbort = (): void => reject(new DOMException("aborted", "AbortError"));
  request.signal?.addEventListener("abort", onAbort, { once: true });
  if (request.signal?.aborted === true) onAbort();
  const timer = setTimeout(() => reject(Object.assign(new Error("i/o timeout"), { code: "ETIMEDOUT" })), timeoutMs);
  try {
    await promise;
  } catch (error) {
    throw translate(request, error);
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener("abort", onAbort);
    socket.on("error", () => {}).destroy();
  }
}

function lengthHeader(body: HttpRequest["body"]): Readonly<Record<string, string>> {
  const streamed = typeof body === "object" && !(body instanceof Uint8Array);
  return streamed ? { "content-length": String(body.sizeBytes) } : {};
}

function bodyInit(
  body: HttpRequest["body"],
  on: { readonly onTaken: () => void; readonly onError: (error: Error) => void },
): Pick<BunFetchRequestInit, "body"> {
  if (body === undefined) return {};
  if (typeof body === "string" || body instanceof Uint8Array) return { body };
  async function* watched(): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of (body as StreamedBody).chunks()) {
        on.onTaken();
        yield chunk;
      }
    } catch (error) {
      on.onError(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }
  return { body: watched() };
}

async function* bodyOf(
  request: HttpRequest,
  response: Response,
  how: { readonly patience: Patience; readonly cancel: () => void; readonly onEnd: () => void },
): AsyncIterable<Uint8Array> {
  const { bodyMs, bodyBytes } = how.patience;
  let isAsked = false;
  let isStalled = false;
  let waitedMs = 0;
  let received = 0;
  let isComplete = response.body === null;
  // Not while the reader is busy with what came.
  const timer = setTimeout(() => {
    if (!isAsked) return;
    isStalled = true;
    how.cancel();
  }, bodyMs);
  try {
    if (response.body === null) return;
    const chunks = (response.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    for (;;) {
      isAsked = true;
      timer.refresh();
      const askedAt = performance.now();
      const next = await chunks.next();
      isAsked = false;
      if (next.done === true) {
        isComplete = true;
        return;
      }
      waitedMs += performance.now() - askedAt;
      received += next.value.length;
      if (waitedMs >= bodyMs) {
        if (received < bodyBytes) throw tooSlow(request, received, waitedMs);
        waitedMs = 0;
        received = 0;
      }
      yield next.value;
    }
  } catch (error) {
    if (error instanceof HttpFailure) throw error;
    if (!isStalled) throw translate(request, error);
    const text = `${verbOf(request)} "${request.url}": no data for ${bodyMs / 1000} seconds`;
    throw new HttpFailure("timeout", text, error);
  } finally {
    clearTimeout(timer);
    if (!isComplete) how.cancel();
    how.onEnd();
  }
}

function timedOut(request: HttpRequest, cause: unknown): HttpFailure {
  const text = "net/http: request canceled (Client.Timeout exceeded while awaiting headers)";
  return new HttpFailure("timeout", `${verbOf(request)} "${request.url}": ${text}`, cause);
}

function tooSlow(request: HttpRequest, bytes: number, ms: number): HttpFailure {
  const text = `${verbOf(request)} "${request.url}": only ${bytes} bytes in ${Math.round(ms / 100) / 10} seconds`;
  return new HttpFailure("slow", text, undefined);
}

function verbOf(request: HttpRequest): string {
  return request.method.charAt(0) + request.method.slice(1).toLowerCase();
}

/** Sentences of Go's net/http, without which people would not find their way through the search engines. */
function translate(request: HttpRequest, error: unknown): HttpFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (request.signal?.aborted === true || (error instanceof Error && error.name === "AbortError")) {
    return new HttpFailure("cancelled", "context canceled", error);
  }
  const { hostname, host, port, protocol } = new URL(request.url);
  const address = port === "" ? `${host}:${protocol === "https:" ? 443 : 80}` : host;
  const fail = (reason: HttpFailure["reason"], text: string): HttpFailure =>
    new HttpFailure(reason, `${verbOf(request)} "${request.url}": ${text}`, error);
  switch (code) {
    case "ENOTFOUND":
      return fail("no-such-host", `dial tcp: lookup ${hostname}: no such host`);
    case "EAI_AGAIN":
      return fail("no-such-host", `dial tcp: lookup ${hostname}: server misbehaving`);
    case "ECONNREFUSED":
      return fail("refused", `dial tcp ${address}: connect: connection refused`);
    case "EHOSTUNREACH":
      return fail("refused", `dial tcp ${address}: connect: no route to host`);
    case "ENETUNREACH":
      return fail("refused", `dial tcp ${address}: connect: network is unreachable`);
    case "ETIMEDOUT":
      return fail("timeout", `dial tcp ${address}: i/o timeout`);
    case "EPROTO":
      return fail("not-tls", "http: server gave HTTP response to HTTPS client");
    case "ECONNRESET":
      return fail("broken", "EOF");
    default:
      return /CERT|SIGNATURE|ALTNAME|ISSUER/.test(code)
        ? fail("certificate", `tls: failed to verify certificate: x509: ${certificateText(code, hostname)}`)
        : fail("broken", messageOf(error));
  }
}

function certificateText(code: string, hostname: string): string {
  if (code === "CERT_HAS_EXPIRED") return "certificate has expired or is not yet valid";
  if (code.includes("ALTNAME")) return `certificate is not valid for ${hostname}`;
  return "certificate signed by unknown authority";
}

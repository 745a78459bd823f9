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
}

const PATIENCE: Patience = { headersMs: 30_000, bodyMs: 60_000 };

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
  readonly reason: "no-such-host" | "refused" | "not-tls" | "certificate" | "broken" | "timeout" | "cancelled";

  constructor(reason: HttpFailure["reason"], message: string, cause: unknown) {
    super(reason === "cancelled" ? "cancelled" : "internal", message, { cause, details: { reason } });
    this.reason = reason;
  }
}

/** {@link RegistryHttp} by the runtime's `fetch`, which pools connections and honours HTTPS_PROXY and NO_PROXY. */
export class FetchHttp implements RegistryHttp {
  readonly #patience: Patience;

  constructor(patience: Patience = PATIENCE) {
    this.#patience = patience;
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
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
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      body: bodyOf(request, response, {
        stallMs: this.#patience.bodyMs,
        cancel: () => abort.abort(),
        onEnd: () => request.signal?.removeEventListener("abort", onAbort),
      }),
      cancel: () => {
        request.signal?.removeEventListener("abort", onAbort);
        abort.abort();
      },
    };
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
  how: { readonly stallMs: number; readonly cancel: () => void; readonly onEnd: () => void },
): AsyncIterable<Uint8Array> {
  let isAsked = false;
  let isStalled = false;
  let isComplete = response.body === null;
  // Not while the reader is busy with what came.
  const timer = setTimeout(() => {
    if (!isAsked) return;
    isStalled = true;
    how.cancel();
  }, how.stallMs);
  try {
    if (response.body === null) return;
    const chunks = (response.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    for (;;) {
      isAsked = true;
      timer.refresh();
      const next = await chunks.next();
      isAsked = false;
      if (next.done === true) {
        isComplete = true;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    if (!isStalled) throw translate(request, error);
    const text = `${verbOf(request)} "${request.url}": no data for ${how.stallMs / 1000} seconds`;
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

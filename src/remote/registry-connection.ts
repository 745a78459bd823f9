import { sleep } from "#base/async.ts";
import { BerthError } from "#base/errors.ts";
import {
  HttpFailure,
  type HttpAnswer,
  type HttpMethod,
  type HttpRequest,
  type RegistryHttp,
} from "#host/web/registry-http.ts";
import type { RegistryNotices } from "#image/registry-notices.ts";
import type { RegistryAuth } from "#image/types.ts";
import { readRegistryError, type RegistryError } from "#spec/oci/registry-errors.ts";
import { parseChallenges } from "#spec/oci/www-authenticate.ts";
import { Authorizer } from "./authorizer.ts";
import { drain, readText } from "./read-body.ts";
import type { RegistryEndpoint } from "./registry-hosts.ts";

export interface RegistryRequest {
  /** Below the endpoint, e.g. `/v2/library/busybox/manifests/latest`, or whole. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

/** A request that may change something. */
export interface RegistryChange {
  readonly method: HttpMethod;
  /** Below the endpoint, or whole, as an upload's Location gives it. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest["body"];
  readonly signal: AbortSignal | undefined;
}

export interface RegistryAnswer {
  readonly answer: HttpAnswer;
  /** As asked, before redirects. */
  readonly url: string;
}

const MAX_REDIRECTS = 10;
const MAX_TRIES = 5;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
/** A registry that asks for more patience gets none: the person is told instead. */
const MAX_RATE_WAIT_MS = 300_000;
const MAX_ERROR_BODY = 64 * 1024;
const USER_AGENT = "berth/0.1.0";

/**
 * Requests to one repository (or, for login, to one registry): finds the endpoint that answers, authenticates, follows
 * redirects without carrying the Authorization header to another origin, and tries again with growing pauses what a
 * server or network may get right the next time (5xx, 429, broken connections).
 */
export class RegistryConnection {
  readonly #http: RegistryHttp;
  readonly #candidates: readonly RegistryEndpoint[];
  readonly #authorizer: Authorizer;
  readonly #remember: (endpoint: RegistryEndpoint) => void;
  readonly #bareRefusals: boolean;
  readonly #notices: RegistryNotices | undefined;
  #endpoint: Promise<RegistryEndpoint> | undefined;

  /**
   * `candidates` in the order to try; `remember` hears which one answered. docker-compat: with `bareRefusals` a token
   * server's refusal is told without the request that met it, as pushes do.
   */
  constructor(deps: {
    readonly http: RegistryHttp;
    readonly candidates: readonly RegistryEndpoint[];
    readonly auth: RegistryAuth | undefined;
    readonly scope: string | undefined;
    readonly remember: (endpoint: RegistryEndpoint) => void;
    readonly bareRefusals?: boolean;
    readonly notices?: RegistryNotices | undefined;
  }) {
    this.#http = deps.http;
    this.#candidates = deps.candidates;
    this.#authorizer = new Authorizer(deps);
    this.#remember = deps.remember;
    this.#bareRefusals = deps.bareRefusals ?? false;
    this.#notices = deps.notices;
  }

  /** Any final answer, 2xx or not; 401 only when authentication did not help. */
  get(request: RegistryRequest): Promise<RegistryAnswer> {
    return this.retried({ ...request, method: "GET", target: request.path });
  }

  /** As {@link send}, for what may be said twice: what a server may get right the next time is tried again. */
  async retried(request: RegistryChange): Promise<RegistryAnswer> {
    for (let tries = 1; ; tries++) {
      let pause = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), MAX_WAIT_MS);
      try {
        const { answer, url } = await this.send(request);
        const asked = retryAfterMs(answer);
        const again = (answer.status === 429 && asked <= MAX_RATE_WAIT_MS) || answer.status >= 500;
        if (!again || tries >= MAX_TRIES) return { answer, url };
        pause = Math.max(pause, answer.status === 429 ? asked : Math.min(asked, MAX_WAIT_MS));
        await drain(answer);
        if (answer.status === 429) this.#notices?.onRateLimit(Math.ceil(pause / 1000));
      } catch (error) {
        if (!mayPass(error) || tries >= MAX_TRIES) throw error;
      }
      await sleep(pause, request.signal);
    }
  }

  /** One request, authenticated. Any final answer; `HttpFailure` when there is none. */
  async send(request: RegistryChange): Promise<RegistryAnswer> {
    const endpoint = await this.#connect(request.signal);
    const url = addressOf(endpoint, request.target);
    if (!isAllowed(URL.parse(url), endpoint)) {
      throw new BerthError("internal", `refusing to go on at ${url.slice(0, 200)}, where the registry points`);
    }
    return { answer: await this.#authorized(endpoint, url, request), url };
  }

  /** Authenticate against `/v2/`. The identity token, when the token server gave one. */
  async login(signal: AbortSignal | undefined): Promise<string | undefined> {
    const endpoint = await this.#connect(signal, true);
    const url = addressOf(endpoint, "/v2/");
    const answer = await this.#redirected(endpoint, url, { method: "GET", signal });
    await drain(answer);
    if (answer.status !== 200) {
      const text = STATUS_TEXT[answer.status] ?? "";
      throw new BerthError(
        answer.status === 401 || answer.status === 403 ? "unauthorized" : "internal",
        `login attempt to ${url} failed with status: ${answer.status} ${text}`.trimEnd(),
      );
    }
    return this.#authorizer.identityToken;
  }

  #connect(signal: AbortSignal | undefined, offline = false): Promise<RegistryEndpoint> {
    this.#endpoint ??= this.#findEndpoint(signal, offline).catch((error: unknown) => {
      this.#endpoint = undefined;
      throw error;
    });
    return this.#endpoint;
  }

  /** The first candidate that answers `GET /v2/`, whatever it answers: a 401 is authenticated at once. */
  async #findEndpoint(signal: AbortSignal | undefined, offline: boolean): Promise<RegistryEndpoint> {
    let encrypted: HttpFailure | undefined;
    for (const [index, endpoint] of this.#candidates.entries()) {
      const url = addressOf(endpoint, "/v2/");
      try {
        const answer = await this.#redirected(endpoint, url, { method: "GET", signal });
        const challenge = answer.header("www-authenticate");
        await drain(answer);
        // What servers that speak TLS say to plain HTTP: why that failed is the better reason.
        if (answer.status === 400 && url.startsWith("http:") && this.#candidates.length > 1)
          throw encrypted ?? new HttpFailure("broken", `Get "${url}": the registry wants HTTPS`, undefined);
        if (answer.status === 401 && challenge !== undefined && this.#authorizer.header === undefined) {
          await this.#answerChallenge(endpoint, challenge, `Get "${url}"`, offline, signal);
        }
        this.#remember(endpoint);
        return endpoint;
      } catch (error) {
        const last = index === this.#candidates.length - 1;
        if (last || !(error instanceof HttpFailure) || error.reason === "cancelled") throw error;
        encrypted ??= error;
      }
    }
    throw new BerthError("internal", "no registry endpoint is configured");
  }

  async #authorized(endpoint: RegistryEndpoint, url: string, request: RegistryChange): Promise<HttpAnswer> {
    const first = await this.#redirected(endpoint, url, request);
    const challenge = first.header("www-authenticate");
    // insufficient_scope says that another token of the same person would not help.
    if (first.status !== 401 || challenge === undefined || challenge.includes("insufficient_scope")) return first;
    const refused = this.#authorizer.header;
    this.#authorizer.forget();
    const ready = await this.#answerChallenge(
      endpoint,
      challenge,
      `${verbOf(request.method)} "${url}"`,
      false,
      request.signal,
    );
    if (!ready || this.#authorizer.header === refused) return first;
    await drain(first);
    return this.#redirected(endpoint, url, request);
  }

  async #answerChallenge(
    endpoint: RegistryEndpoint,
    challenge: string,
    what: string,
    offline: boolean,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    try {
      return await this.#authorizer.answer(challenge, {
        insecure: endpoint.insecure,
        tls: endpoint.tls,
        offline,
        signal,
      });
    } catch (error) {
      if (this.#bareRefusals || !(error instanceof BerthError) || error instanceof HttpFailure) throw error;
      throw new BerthError(error.kind, `${what}: ${error.message}`, { cause: error });
    }
  }

  async #redirected(
    endpoint: RegistryEndpoint,
    firstUrl: string,
    wanted: Pick<RegistryChange, "method" | "headers" | "body" | "signal">,
  ): Promise<HttpAnswer> {
    const { method, body, signal } = wanted;
    const headers = this.#headers(wanted.headers ?? {});
    const { origin } = new URL(endpoint.baseUrl);
    const what = `${verbOf(method)} "${firstUrl}"`;
    let url = firstUrl;
    for (let redirects = 0; ; redirects++) {
      const sameOrigin = new URL(url).origin === origin;
      const { authorization: _, ...anonymous } = headers;
      const request: HttpRequest = {
        url,
        method,
        headers: sameOrigin ? { ...endpoint.headers, ...headers } : anonymous,
        ...(body === undefined ? {} : { body }),
        ...(endpoint.tls === undefined ? {} : { tls: sameOrigin ? endpoint.tls : { insecure: endpoint.insecure } }),
        ...(sameOrigin && endpoint.dialTimeoutMs !== undefined ? { dialTimeoutMs: endpoint.dialTimeoutMs } : {}),
        ...(signal === undefined ? {} : { signal }),
      };
      const answer = await this.#http.send(request);
      if (sameOrigin) for (const text of warningsOf(answer)) this.#notices?.onWarning(text);
      const location = answer.header("location");
      if (!isRedirect(method, answer.status) || location === undefined) return answer;
      await drain(answer);
      if (redirects >= MAX_REDIRECTS)
        throw new BerthError("internal", `${what}: stopped after ${MAX_REDIRECTS} redirects`);
      const next = URL.parse(location, url);
      if (next === null || !isAllowed(next, endpoint))
        throw new BerthError("internal", `${what}: refusing to be redirected to ${location.slice(0, 200)}`);
      url = next.href;
    }
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    const authorization = this.#authorizer.header;
    return { "user-agent": USER_AGENT, ...(authorization === undefined ? {} : { authorization }), ...more };
  }
}

/** Where a target is asked for: below the endpoint, unless it is an address itself. */
function addressOf({ baseUrl, isApiRoot, namespace }: RegistryEndpoint, target: string): string {
  if (!target.startsWith("/")) return target;
  const url = baseUrl + (isApiRoot === true ? target.replace(/^\/v2(?=\/)/, "") : target);
  if (namespace === undefined) return url;
  return `${url}${url.includes("?") ? "&" : "?"}ns=${encodeURIComponent(namespace)}`;
}

/** RFC 9110 section 15.4: a request that changes something goes elsewhere only with its method and body. */
function isRedirect(method: HttpMethod, status: number): boolean {
  return [307, 308].includes(status) || (["GET", "HEAD"].includes(method) && [301, 302, 303].includes(status));
}

/** Who is not there, or is somebody else, will be so in a second too. */
function mayPass(error: unknown): boolean {
  return error instanceof HttpFailure && ["broken", "timeout", "slow"].includes(error.reason);
}

/** Never from encrypted to plain, unless the registry itself may be spoken to so. */
function isAllowed(url: URL | null, endpoint: RegistryEndpoint): boolean {
  return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && endpoint.insecure));
}

/** As Go's net/http spells a method in its errors. */
function verbOf(method: HttpMethod): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

/** Read an answer that is no success: the registry's own error, as far as it says one. Ends the transfer. */
export async function errorOf(answer: HttpAnswer): Promise<RegistryError | undefined> {
  let body = "";
  try {
    body = await readText(answer, MAX_ERROR_BODY);
  } catch {
    // The status still tells.
  }
  return readRegistryError(answer.status, parseChallenges(answer.header("www-authenticate") ?? ""), body);
}

const MAX_WARNINGS = 4096;

/** distribution-spec "Warnings": `299 - "text"`, of 4096 bytes in all. Others (RFC 7234 section 5.5) are not for people. */
function warningsOf(answer: HttpAnswer): readonly string[] {
  const header = (answer.header("warning") ?? "").slice(0, MAX_WARNINGS);
  return [...header.matchAll(/\b299 +- +"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
    text.replaceAll(/\\(.)/g, "$1").replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " "),
  );
}

/** RFC 9110 section 10.2.3: seconds, or a date. 0 when there is none. */
function retryAfterMs(answer: HttpAnswer): number {
  const text = answer.header("retry-after") ?? "";
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(wait) ? Math.max(wait, 0) : 0;
}

/** RFC 9110 reason phrases of what registries answer to a login. */
const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};

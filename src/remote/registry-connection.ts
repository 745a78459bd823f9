import { sleep } from "#base/async.ts";
import { BerthError } from "#base/errors.ts";
import { HttpFailure, type HttpAnswer, type HttpRequest, type RegistryHttp } from "#host/registry-http.ts";
import type { RegistryAuth } from "#image/types.ts";
import { readRegistryError, type RegistryError } from "#spec/oci/registry-errors.ts";
import { parseChallenges } from "#spec/oci/www-authenticate.ts";
import { Authorizer } from "./authorizer.ts";
import { drain, readText } from "./read-body.ts";
import type { RegistryEndpoint } from "./registry-hosts.ts";

export interface RegistryRequest {
  /** Below the endpoint, e.g. `/v2/library/busybox/manifests/latest`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
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
  #endpoint: Promise<RegistryEndpoint> | undefined;

  /** `candidates` in the order to try; `remember` hears which one answered. */
  constructor(deps: {
    readonly http: RegistryHttp;
    readonly candidates: readonly RegistryEndpoint[];
    readonly auth: RegistryAuth | undefined;
    readonly scope: string | undefined;
    readonly remember: (endpoint: RegistryEndpoint) => void;
  }) {
    this.#http = deps.http;
    this.#candidates = deps.candidates;
    this.#authorizer = new Authorizer(deps);
    this.#remember = deps.remember;
  }

  /** Any final answer, 2xx or not; 401 only when authentication did not help. */
  async get(request: RegistryRequest): Promise<RegistryAnswer> {
    const endpoint = await this.#connect(request.signal);
    const url = endpoint.baseUrl + request.path;
    for (let tries = 1; ; tries++) {
      let pause = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), MAX_WAIT_MS);
      try {
        const answer = await this.#authorized(endpoint, url, request);
        const again = answer.status === 429 || answer.status >= 500;
        if (!again || tries >= MAX_TRIES) return { answer, url };
        pause = Math.max(pause, retryAfterMs(answer));
        await drain(answer);
      } catch (error) {
        if (!(error instanceof HttpFailure) || error.reason === "cancelled" || tries >= MAX_TRIES) throw error;
      }
      await sleep(pause, request.signal);
    }
  }

  /** Authenticate against `/v2/`. The identity token, when the token server gave one. */
  async login(signal: AbortSignal | undefined): Promise<string | undefined> {
    const endpoint = await this.#connect(signal, true);
    const url = `${endpoint.baseUrl}/v2/`;
    const answer = await this.#redirected(endpoint, url, this.#headers({}), signal);
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
    for (const [index, endpoint] of this.#candidates.entries()) {
      const url = `${endpoint.baseUrl}/v2/`;
      try {
        const answer = await this.#redirected(endpoint, url, this.#headers({}), signal);
        const challenge = answer.header("www-authenticate");
        await drain(answer);
        if (answer.status === 401 && challenge !== undefined && this.#authorizer.header === undefined) {
          await this.#answerChallenge(endpoint, challenge, `Get "${url}"`, offline, signal);
        }
        this.#remember(endpoint);
        return endpoint;
      } catch (error) {
        const last = index === this.#candidates.length - 1;
        if (last || !(error instanceof HttpFailure) || error.reason === "cancelled") throw error;
      }
    }
    throw new BerthError("internal", "no registry endpoint is configured");
  }

  async #authorized(endpoint: RegistryEndpoint, url: string, request: RegistryRequest): Promise<HttpAnswer> {
    const first = await this.#redirected(endpoint, url, this.#headers(request.headers ?? {}), request.signal);
    const challenge = first.header("www-authenticate");
    // insufficient_scope says that another token of the same person would not help.
    if (first.status !== 401 || challenge === undefined || challenge.includes("insufficient_scope")) return first;
    const refused = this.#authorizer.header;
    this.#authorizer.forget();
    const ready = await this.#answerChallenge(endpoint, challenge, `Get "${url}"`, false, request.signal);
    if (!ready || this.#authorizer.header === refused) return first;
    await drain(first);
    return this.#redirected(endpoint, url, this.#headers(request.headers ?? {}), request.signal);
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
      if (!(error instanceof BerthError) || error instanceof HttpFailure) throw error;
      throw new BerthError(error.kind, `${what}: ${error.message}`, { cause: error });
    }
  }

  async #redirected(
    endpoint: RegistryEndpoint,
    firstUrl: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    const origin = new URL(firstUrl).origin;
    let url = firstUrl;
    for (let redirects = 0; ; redirects++) {
      const sameOrigin = new URL(url).origin === origin;
      const { authorization: _, ...anonymous } = headers;
      const request: HttpRequest = {
        url,
        method: "GET",
        headers: sameOrigin ? headers : anonymous,
        ...(endpoint.tls === undefined ? {} : { tls: sameOrigin ? endpoint.tls : { insecure: endpoint.insecure } }),
        ...(signal === undefined ? {} : { signal }),
      };
      const answer = await this.#http.send(request);
      const location = answer.header("location");
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      await drain(answer);
      if (redirects >= MAX_REDIRECTS)
        throw new BerthError("internal", `Get "${firstUrl}": stopped after ${MAX_REDIRECTS} redirects`);
      const next = URL.parse(location, url);
      const allowed = next !== null && (next.protocol === "https:" || (next.protocol === "http:" && endpoint.insecure));
      if (!allowed)
        throw new BerthError("internal", `Get "${firstUrl}": refusing to be redirected to ${location.slice(0, 200)}`);
      url = next.href;
    }
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    const authorization = this.#authorizer.header;
    return { "user-agent": USER_AGENT, ...(authorization === undefined ? {} : { authorization }), ...more };
  }
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

function retryAfterMs(answer: HttpAnswer): number {
  const seconds = Number(answer.header("retry-after") ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds * 1000, 0), MAX_WAIT_MS) : 0;
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

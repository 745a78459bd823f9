import { BerthError } from "#base/errors.ts";
import type { Duplex } from "#host/http/duplex.ts";
import type { HttpClient, HttpResponse, RequestBody } from "#host/http/http-client.ts";
import { featuresHeader } from "#spec/berth/ended-output.ts";
import { readApiError } from "./api-error.ts";
import { CLIENT_API_VERSION, negotiate } from "./api-version.ts";

export type QueryValue = string | number | boolean | readonly string[] | undefined;
export type Query = Readonly<Record<string, QueryValue>>;

export interface CallOptions {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; `contentType` names it. */
  readonly body?: RequestBody;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface HijackedStream {
  readonly stream: Duplex;
  /** True when stdout and stderr are framed (no terminal); undefined when the daemon did not say. */
  readonly multiplexed: boolean | undefined;
}

export interface PingResponse {
  readonly apiVersion: string | undefined;
  readonly osType: string | undefined;
  readonly builderVersion: string | undefined;
  readonly experimental: boolean;
  /** It says that it is this project's engine. */
  readonly isBerth: boolean;
}

export interface ApiTransportDeps {
  readonly http: HttpClient;
  /** As the person wrote it, for messages: `unix:///run/berth/berth.sock`. */
  readonly hostName: string;
  /** A fixed version turns negotiation off (DOCKER_API_VERSION). */
  readonly apiVersion?: string;
}

const NOBODY_THERE = "Start the engine with 'berth daemon', or name another one with --host or --context.";

/**
 * One Engine API server: every call goes to `/v<version>/…`. The version is learned from the answer to the first call, or
 * by `HEAD /_ping` where that call could not be made again. Refusals are {@link readApiError}; an unreachable server is
 * `unavailable` with Docker's sentence.
 */
export class ApiTransport {
  readonly #deps: ApiTransportDeps;
  #version: Promise<string> | undefined;
  #ping: PingResponse | undefined;
  #features: ReadonlySet<string> = new Set();
  #refusal: string | undefined;

  constructor(deps: ApiTransportDeps) {
    this.#deps = deps;
    if (deps.apiVersion !== undefined) this.#version = Promise.resolve(deps.apiVersion);
  }

  /** The version spoken with this server. */
  version(): Promise<string> {
    this.#version ??= this.ping().then((ping) => negotiate(CLIENT_API_VERSION, ping.apiVersion));
    return this.#version;
  }

  /** What the last ping told, without asking. */
  get lastPing(): PingResponse | undefined {
    return this.#ping;
  }

  /** What the engine can do beyond Docker, as far as an answer has told; nothing for other engines. */
  hasFeature(name: string): boolean {
    return this.#features.has(name);
  }

  async ping(): Promise<PingResponse> {
    const response = await this.#reach(() => this.#deps.http.request({ method: "HEAD", path: "/_ping" }));
    // docker-compat: a daemon that is up but unwell still names its version.
    if (response.status >= 400 && response.headers.get("api-version") === undefined) throw await readApiError(response);
    this.#ping = {
      apiVersion: response.headers.get("api-version"),
      osType: response.headers.get("ostype"),
      builderVersion: response.headers.get("builder-version"),
      experimental: response.headers.get("docker-experimental") === "true",
      isBerth: (response.headers.get("server") ?? "").startsWith("Berth/"),
    };
    return this.#ping;
  }

  /** From now on what would change something is refused by this sentence (`not-implemented`) instead of sent. */
  refuseChanges(sentence: string): void {
    this.#refusal = sentence;
  }

  #requireAllowed(method: string, path: string): void {
    if (this.#refusal === undefined || method === "GET" || method === "HEAD" || path.endsWith("/wait")) return;
    throw new BerthError("not-implemented", this.#refusal, { details: { method, path } });
  }

  /** A call whose answer is JSON. */
  async json<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    return jsonOf<T>(await this.call(method, path, options));
  }

  /** A call whose answer matters only by its status. */
  async send(method: string, path: string, options: CallOptions = {}): Promise<void> {
    await (await this.call(method, path, options)).bytes();
  }

  /** A call whose answer the caller reads. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<HttpResponse> {
    this.#requireAllowed(method, path);
    const isFirst = this.#version === undefined && canBeSentAgain(options.body);
    const response = isFirst
      ? await this.#firstCall(method, path, options)
      : await this.#request(await this.version(), method, path, options);
    if (response.status >= 400) throw await readApiError(response);
    return response;
  }

  /**
   * In our own version, which spares asking for the server's: an answer names it, and an older server refuses the call
   * before it does anything.
   */
  async #firstCall(method: string, path: string, options: CallOptions): Promise<HttpResponse> {
    const response = await this.#request(CLIENT_API_VERSION, method, path, options);
    const theirs = response.headers.get("api-version");
    if (theirs !== undefined) this.#version ??= Promise.resolve(negotiate(CLIENT_API_VERSION, theirs));
    if (response.status !== 400) return response;
    const spoken = await this.version();
    if (spoken === CLIENT_API_VERSION) return response;
    await response.bytes();
    return this.#request(spoken, method, path, options);
  }

  async #request(version: string, method: string, path: string, options: CallOptions): Promise<HttpResponse> {
    const response = await this.#reach(() =>
      this.#deps.http.request({
        method,
        path: fullPath(version, path, options.query),
        headers: headersOf(options),
        ...bodyOf(options),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      }),
    );
    const features = response.headers.get(featuresHeader.toLowerCase());
    if (features !== undefined) this.#features = new Set(features.split(" "));
    return response;
  }

  /** A call that takes over the connection. */
  async hijack(method: string, path: string, options: CallOptions = {}): Promise<HijackedStream> {
    this.#requireAllowed(method, path);
    const version = await this.version();
    const result = await this.#reach(() =>
      this.#deps.http.upgrade(
        {
          method,
          path: fullPath(version, path, options.query),
          headers: headersOf(options),
          ...bodyOf(options),
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        },
        "tcp",
      ),
    );
    if (result.kind === "refused") {
      if (result.response.status < 400) {
        throw new BerthError("unavailable", `unable to upgrade to tcp, received ${String(result.response.status)}`);
      }
      throw await readApiError(result.response);
    }
    const type = result.headers.get("content-type") ?? "";
    const multiplexed = type.includes("multiplexed-stream") ? true : undefined;
    return { stream: result.stream, multiplexed };
  }

  /** Connects ahead of the next call. */
  prepare(): Promise<void> {
    return this.#deps.http.prepare();
  }

  close(): void {
    this.#deps.http.close();
  }

  async #reach<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): unknown {
    if (!(error instanceof BerthError) || error.kind !== "unavailable") return error;
    const host = this.#deps.hostName;
    if (error.details["code"] === "EACCES") {
      return new BerthError(
        "unavailable",
        `permission denied while trying to connect to the Docker daemon socket at ${host}`,
        {
          cause: error,
        },
      );
    }
    return new BerthError(
      "unavailable",
      `Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?`,
      { cause: error, hint: NOBODY_THERE },
    );
  }
}

/** What a server answers as JSON. */
export async function jsonOf<T>(response: HttpResponse): Promise<T> {
  const text = await response.text();
  if (text === "") throw new BerthError("data-loss", "EOF");
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new BerthError("data-loss", `Error reading remote info: ${text.slice(0, 200)}`, { cause });
  }
}

const fullPath = (version: string, path: string, query: Query | undefined): string =>
  `/v${version}${path}${withMark(queryText(query))}`;

const withMark = (query: string): string => (query === "" ? "" : `?${query}`);

const canBeSentAgain = (body: RequestBody | undefined): boolean =>
  body === undefined || typeof body === "string" || body instanceof Uint8Array;

function headersOf(options: CallOptions): Record<string, string> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.json !== undefined) headers["Content-Type"] = "application/json";
  else if (options.contentType !== undefined) headers["Content-Type"] = options.contentType;
  return headers;
}

function bodyOf(options: CallOptions): { body?: RequestBody } {
  if (options.json !== undefined) return { body: JSON.stringify(options.json) };
  return options.body === undefined ? {} : { body: options.body };
}

/** `a=b&c=d`; lists repeat their key, booleans are sent as `1` when true and left out when false, undefined is left out. */
export function queryText(query: Query | undefined): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === false) continue;
    const values = Array.isArray(value) ? (value as readonly string[]) : [value === true ? "1" : String(value)];
    for (const item of values) parts.push(`${encodeURIComponent(key)}=${encodeURIComponent(item)}`);
  }
  return parts.join("&");
}

import { isBerthError } from "#base/errors.ts";
import type { RegistryHttp } from "#host/web/registry-http.ts";
import type { RegistryAuth } from "#image/types.ts";
import { ACCEPTED_MANIFESTS } from "#spec/oci/media-types.ts";
import { drain } from "./read-body.ts";
import { RegistryConnection } from "./registry-connection.ts";
import { RegistrySource } from "./registry-source.ts";

const MOST_CONNECTIONS = 200;
const ATTEMPTS = 5;

/** One registry as the source of a cache: what is there of any of its repositories. Undefined means that it has none. */
export class RegistryUpstream {
  readonly #http: RegistryHttp;
  readonly #baseUrl: string;
  readonly #auth: RegistryAuth | undefined;
  readonly #connections = new Map<string, RegistryConnection>();

  /** `baseUrl`: `https://registry-1.docker.io`; by http only where it says so. */
  constructor(deps: {
    readonly http: RegistryHttp;
    readonly baseUrl: string;
    readonly auth: RegistryAuth | undefined;
  }) {
    this.#http = deps.http;
    this.#baseUrl = deps.baseUrl.replace(/\/+$/, "");
    this.#auth = deps.auth;
  }

  /** The digest that a tag has now, without fetching what it points to. */
  async digestOf(name: string, tag: string, signal: AbortSignal): Promise<string | undefined> {
    const { answer, url } = await this.#connection(name).retried({
      method: "HEAD",
      target: `/v2/${name}/manifests/${tag}`,
      headers: { accept: ACCEPTED_MANIFESTS.join(", ") },
      signal,
    });
    await drain(answer);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw new Error(`${url} answered with ${answer.status}`);
    return answer.header("docker-content-digest");
  }

  async manifest(
    name: string,
    reference: string,
    signal: AbortSignal,
  ): Promise<{ readonly mediaType: string; readonly bytes: Uint8Array } | undefined> {
    const target = reference.includes(":") ? { digest: reference } : { tag: reference };
    try {
      return await this.#source(name).manifest(target, signal);
    } catch (error) {
      if (isBerthError(error, "not-found")) return undefined;
      throw error;
    }
  }

  /** The bytes, taken up again where a connection breaks. */
  async blob(name: string, digest: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
    const target = `/v2/${name}/blobs/${digest}`;
    const { answer, url } = await this.#connection(name).retried({ method: "HEAD", target, signal });
    await drain(answer);
    if (answer.status === 404) return undefined;
    const size = Number(answer.header("content-length"));
    if (answer.status !== 200 || !Number.isSafeInteger(size)) throw new Error(`${url} answered with ${answer.status}`);
    const descriptor = { digest, size, mediaType: "application/octet-stream" };
    return this.#source(name).blob(descriptor, { signal, onRetry: () => undefined });
  }

  #source(path: string): RegistrySource {
    const repository = { domain: new URL(this.#baseUrl).host, path, tag: undefined, digest: undefined };
    return new RegistrySource({ connection: this.#connection(path), repository, attempts: ATTEMPTS });
  }

  #connection(name: string): RegistryConnection {
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const insecure = this.#baseUrl.startsWith("http:");
    const made = new RegistryConnection({
      http: this.#http,
      candidates: [{ baseUrl: this.#baseUrl, tls: undefined, insecure }],
      auth: this.#auth,
      scope: `repository:${name}:pull`,
      remember: () => undefined,
    });
    const oldest = this.#connections.keys().next().value;
    if (this.#connections.size >= MOST_CONNECTIONS && oldest !== undefined) this.#connections.delete(oldest);
    this.#connections.set(name, made);
    return made;
  }
}

import { BerthError, isBerthError } from "#base/errors.ts";
import type { RegistryHttp } from "#host/web/registry-http.ts";
import { pushArtifact, readArtifact, type Artifact } from "#image/copy/artifacts.ts";
import { pushList } from "#image/copy/push-list.ts";
import type { RegistryNotices } from "#image/registry-notices.ts";
import type { ImageSink, ImageSinks } from "#image/sink.ts";
import type { ImageSource, ImageSources } from "#image/source.ts";
import type { RegistryAuth } from "#image/types.ts";
import type { Reference } from "#spec/oci/reference.ts";
import type { HostCapability } from "./hosts-file.ts";
import { FallbackSource } from "./fallback-source.ts";
import { describeImage, type RemoteImage } from "./describe-image.ts";
import { searchIndex, splitTerm, type SearchHit } from "./search-index.ts";
import { RegistryConnection } from "./registry-connection.ts";
import { mirrorsOf } from "./registry-rules.ts";
import { forUrl, placesOf, type RegistryEndpoint, type RegistryHostSettings } from "./registry-hosts.ts";
import { RegistrySink } from "./registry-sink.ts";
import { RegistrySource } from "./registry-source.ts";

const HUB = "docker.io";
/** Searches go to the Hub's index, which is no registry. */
const HUB_INDEX: RegistryEndpoint = { baseUrl: "https://index.docker.io", tls: undefined, insecure: false };
const HUB_DOMAINS = new Set([HUB, "index.docker.io", "registry-1.docker.io"]);

interface ConnectionOptions {
  readonly bareRefusals?: boolean;
  readonly notices?: RegistryNotices | undefined;
}

/** A repository where it may be read. */
interface Place {
  readonly endpoints: readonly RegistryEndpoint[];
  readonly repository: Reference;
  readonly auth: RegistryAuth | undefined;
  readonly capabilities: readonly HostCapability[];
}

/** Read anew for every pull. */
export interface RegistrySettings extends RegistryHostSettings {
  /** How often a transfer may break without a byte of progress before it is given up. */
  readonly downloadAttempts: number;
}

/** Registries as sources of images, as places for them, and as judges of credentials. */
export class RegistrySources implements ImageSources, ImageSinks {
  readonly #http: RegistryHttp;
  readonly #settings: RegistrySettings;
  /** Which endpoint of a domain answered last: it is tried first the next time. */
  readonly #lastGood = new Map<string, string>();

  constructor(deps: { readonly http: RegistryHttp; readonly settings: RegistrySettings }) {
    this.#http = deps.http;
    this.#settings = deps.settings;
  }

  /** docker-compat: mirrors stand before the Hub; ours before any registry. */
  open(repository: Reference, auth: RegistryAuth | undefined, notices?: RegistryNotices): ImageSource {
    const sources = this.#places(repository, auth).map((place) => {
      const source = new RegistrySource({
        connection: this.#connectionTo(place, { notices }),
        repository: place.repository,
        attempts: this.#settings.downloadAttempts,
      });
      return partOf(source, place.capabilities);
    });
    const [only, another] = sources;
    return only !== undefined && another === undefined ? only : new FallbackSource(sources);
  }

  /** docker-compat: nothing is pushed to mirrors, but where a hosts.toml says so. */
  openSink(
    repository: Reference,
    auth: RegistryAuth | undefined,
    mountFrom: readonly string[],
    notices?: RegistryNotices,
  ): ImageSink {
    const { domain, path } = repository;
    const scopes = [`repository:${path}:pull,push`, ...mountFrom.map((from) => `repository:${from}:pull`)];
    const place = placesOf(domain, this.#settings).find(({ capabilities }) => capabilities.includes("push"));
    if (place === undefined) throw new BerthError("forbidden", `hosts.toml names no host of ${domain} to push to`);
    const { endpoints, isOwn } = place;
    const given = isOwn ? auth : undefined;
    const options = { bareRefusals: true, notices };
    return new RegistrySink({
      connection: this.#connection(domain, this.#goodFirst(domain, endpoints), given, scopes.join(" "), options),
      repository,
      attempts: this.#settings.downloadAttempts,
    });
  }

  /** Images whose names or descriptions hold a term, of the Hub's index or of the registry that the term names first. */
  search(
    text: string,
    options: { readonly limit: number; readonly auth: RegistryAuth | undefined; readonly signal: AbortSignal },
  ): Promise<readonly SearchHit[]> {
    const { domain, term } = splitTerm(text);
    const candidates = domain === HUB ? [HUB_INDEX] : this.#own(domain);
    const connection = this.#connection(domain, candidates, options.auth, "registry:catalog:search");
    return searchIndex(connection, { term, limit: options.limit, signal: options.signal });
  }

  /** What a registry, or a mirror of it, has under a name, without pulling it. */
  async describe(reference: Reference, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<RemoteImage> {
    let last: unknown = new BerthError("internal", "no registry endpoint is configured");
    for (const place of this.#places(reference, auth)) {
      if (!place.capabilities.includes("resolve")) continue;
      try {
        return await describeImage(this.#connectionTo(place, { bareRefusals: true }), place.repository, signal);
      } catch (error) {
        if (isBerthError(error, "cancelled")) throw error;
        last = error;
      }
    }
    throw last;
  }

  /** An index to a registry that has what it names, or takes it over from its other repositories. */
  pushList(request: Parameters<typeof pushList>[1]): Promise<readonly string[]> {
    return pushList(this, request);
  }

  /** What is no image, of a registry or a mirror of it. */
  readArtifact(request: Parameters<typeof readArtifact>[1]): Promise<Artifact> {
    return readArtifact(this, request);
  }

  pushArtifact(request: Parameters<typeof pushArtifact>[1]): Promise<void> {
    return pushArtifact(this, request);
  }

  /** The same registries, of which one may be spoken to without checking certificates, or by HTTP. */
  insecure(domain: string): RegistrySources {
    const insecureRegistries = [...this.#settings.insecureRegistries, domain];
    return new RegistrySources({ http: this.#http, settings: { ...this.#settings, insecureRegistries } });
  }

  /**
   * Does the registry take these credentials? Resolves with the identity token its token server gives, if any. Errors:
   * `unauthorized` in the registry's words, `internal` when it cannot be reached.
   */
  async login(auth: RegistryAuth, signal?: AbortSignal): Promise<{ readonly identityToken: string | undefined }> {
    const host = (auth.serveraddress ?? "").replace(/^https?:\/\//, "").split("/")[0] ?? "";
    const domain = host === "" || HUB_DOMAINS.has(host) ? HUB : host;
    if (!URL.canParse(`https://${domain}/`)) {
      throw new BerthError("invalid-parameter", `invalid registry address: ${JSON.stringify(auth.serveraddress)}`);
    }
    return { identityToken: await this.#connection(domain, this.#own(domain), auth, undefined).login(signal) };
  }

  /** Where a repository may be read, in the order to ask. A person's credentials are not shown to mirrors. */
  #places(repository: Reference, auth: RegistryAuth | undefined): readonly Place[] {
    const { mirrors, only } = mirrorsOf(this.#settings.rules, repository);
    const elsewhere = mirrors.map((mirror): Place => {
      const endpoints = [forUrl(mirror.baseUrl, this.#settings)];
      return { endpoints, repository: mirror.repository, auth: undefined, capabilities: ["resolve", "pull"] };
    });
    if (only) return elsewhere;
    const { domain } = repository;
    const own = placesOf(domain, this.#settings).map(({ endpoints, capabilities, isOwn }): Place => {
      const order = isOwn ? this.#goodFirst(domain, endpoints) : endpoints;
      return { endpoints: order, repository, auth: isOwn ? auth : undefined, capabilities };
    });
    return [...elsewhere, ...own.filter(({ capabilities }) => capabilities.some((one) => one !== "push"))];
  }

  #connectionTo({ endpoints, repository, auth }: Place, options: ConnectionOptions): RegistryConnection {
    const { domain, path } = repository;
    return this.#connection(domain, endpoints, auth, `repository:${path}:pull`, options);
  }

  #connection(
    domain: string,
    candidates: readonly RegistryEndpoint[],
    auth: RegistryAuth | undefined,
    scope: string | undefined,
    options: ConnectionOptions = {},
  ): RegistryConnection {
    return new RegistryConnection({
      http: this.#http,
      candidates,
      auth,
      scope,
      ...options,
      remember: ({ namespace, baseUrl }) => {
        if (namespace === undefined) this.#lastGood.set(domain, baseUrl);
      },
    });
  }

  /** The registry itself. */
  #own(domain: string): readonly RegistryEndpoint[] {
    const places = placesOf(domain, this.#settings);
    return this.#goodFirst(domain, places.at(-1)?.endpoints ?? []);
  }

  #goodFirst(domain: string, endpoints: readonly RegistryEndpoint[]): readonly RegistryEndpoint[] {
    const good = this.#lastGood.get(domain);
    return endpoints.toSorted((a, b) => Number(b.baseUrl === good) - Number(a.baseUrl === good));
  }
}

/** A source that is asked only for what its host is there for. */
function partOf(source: ImageSource, capabilities: readonly HostCapability[]): ImageSource {
  const canResolve = capabilities.includes("resolve");
  const canPull = capabilities.includes("pull");
  if (canResolve && canPull) return source;
  const refusal = (): BerthError => new BerthError("not-found", "no host that hosts.toml names is there for this");
  return {
    manifest: (target, signal) =>
      ("tag" in target ? canResolve : canPull) ? source.manifest(target, signal) : Promise.reject(refusal()),
    async *blob(blob, options) {
      if (!canPull) throw refusal();
      yield* source.blob(blob, options);
    },
    tags: (signal) => (canResolve ? source.tags(signal) : Promise.reject(refusal())),
  };
}

import type { RegistryHttp } from "#host/registry-http.ts";
import type { ImageSource, ImageSources } from "#image/source.ts";
import type { RegistryAuth } from "#image/types.ts";
import type { Reference } from "#spec/oci/reference.ts";
import { RegistryConnection } from "./registry-connection.ts";
import { endpointsOf, type RegistryEndpoint, type RegistryHostSettings } from "./registry-hosts.ts";
import { RegistrySource } from "./registry-source.ts";

const HUB_DOMAINS = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/** Registries as sources of images, and as judges of credentials. */
export class RegistrySources implements ImageSources {
  readonly #http: RegistryHttp;
  readonly #settings: RegistryHostSettings;
  /** Which endpoint of a domain answered last: it is tried first the next time. */
  readonly #lastGood = new Map<string, string>();

  constructor(deps: { readonly http: RegistryHttp; readonly settings: RegistryHostSettings }) {
    this.#http = deps.http;
    this.#settings = deps.settings;
  }

  open(repository: Reference, auth: RegistryAuth | undefined): ImageSource {
    const connection = this.#connection(repository.domain, auth, `repository:${repository.path}:pull`);
    return new RegistrySource({ connection, repository });
  }

  /**
   * Does the registry take these credentials? Resolves with the identity token its token server gives, if any. Errors:
   * `unauthorized` in the registry's words, `internal` when it cannot be reached.
   */
  async login(auth: RegistryAuth, signal?: AbortSignal): Promise<{ readonly identityToken: string | undefined }> {
    const host = (auth.serveraddress ?? "").replace(/^https?:\/\//, "").split("/")[0] ?? "";
    const domain = host === "" || HUB_DOMAINS.has(host) ? "docker.io" : host;
    return { identityToken: await this.#connection(domain, auth, undefined).login(signal) };
  }

  #connection(domain: string, auth: RegistryAuth | undefined, scope: string | undefined): RegistryConnection {
    return new RegistryConnection({
      http: this.#http,
      candidates: this.#candidates(domain),
      auth,
      scope,
      remember: (endpoint) => void this.#lastGood.set(domain, endpoint.baseUrl),
    });
  }

  #candidates(domain: string): readonly RegistryEndpoint[] {
    const endpoints = endpointsOf(domain, this.#settings);
    const good = this.#lastGood.get(domain);
    // Mirrors keep their place before the registry itself.
    if (good === undefined || domain === "docker.io") return endpoints;
    return endpoints.toSorted((a, b) => Number(b.baseUrl === good) - Number(a.baseUrl === good));
  }
}

import { listDirectory, readTextFileMaybe } from "#host/files.ts";
import type { TlsSettings } from "#host/registry-http.ts";
import type { RegistryRule } from "./registry-rules.ts";
import { matchesCidr } from "./cidr.ts";

/** One way to reach a registry. */
export interface RegistryEndpoint {
  /** Scheme and host without a trailing slash, e.g. `https://registry-1.docker.io`. */
  readonly baseUrl: string;
  readonly tls: TlsSettings | undefined;
  /** May be spoken to without encryption. */
  readonly insecure: boolean;
}

export interface RegistryHostSettings {
  /** `host`, `host:port` or CIDR, as dockerd's --insecure-registry. Loopback always counts as insecure. */
  readonly insecureRegistries: readonly string[];
  /** Base URLs to ask first for docker.io, as dockerd's --registry-mirror. */
  readonly mirrors: readonly string[];
  /** Mirrors of any registry, by prefix of repositories' names. */
  readonly rules: readonly RegistryRule[];
  /** Folders like /etc/docker/certs.d: `<host[:port]>/{*.crt, *.cert, *.key}`. */
  readonly certificateDirs: readonly string[];
}

const HUB = "docker.io";
const HUB_ENDPOINT = "https://registry-1.docker.io";
const LOOPBACK = ["127.0.0.0/8", "::1/128"];
const MAX_PEM_SIZE = 1 << 20;

/**
 * Where a reference's domain is served, in the order to try. docker-compat: `docker.io` means registry-1.docker.io after
 * its mirrors; an insecure registry is tried by HTTPS without checking its certificate, then by HTTP.
 */
export function endpointsOf(domain: string, settings: RegistryHostSettings): readonly RegistryEndpoint[] {
  if (domain === HUB) {
    const mirrors = settings.mirrors.map((mirror) => forUrl(mirror.replace(/\/+$/, ""), settings));
    return [...mirrors, forUrl(HUB_ENDPOINT, settings)];
  }
  const insecure = isInsecure(domain, settings.insecureRegistries);
  const secure: RegistryEndpoint = { baseUrl: `https://${domain}`, tls: tlsOf(domain, insecure, settings), insecure };
  return insecure ? [secure, { baseUrl: `http://${domain}`, tls: undefined, insecure }] : [secure];
}

export function isInsecure(domain: string, insecureRegistries: readonly string[]): boolean {
  const host = domain.startsWith("[") ? domain.slice(1, domain.indexOf("]")) : (domain.split(":")[0] ?? "");
  if (host === "localhost") return true;
  return [...LOOPBACK, ...insecureRegistries].some(
    (entry) => entry === domain || entry === host || matchesCidr(host, entry),
  );
}

/** One way to reach a registry, as its base URL says. */
export function forUrl(url: string, settings: RegistryHostSettings): RegistryEndpoint {
  const { host, protocol } = new URL(url);
  const insecure = protocol === "http:" || isInsecure(host, settings.insecureRegistries);
  return { baseUrl: url, tls: protocol === "http:" ? undefined : tlsOf(host, insecure, settings), insecure };
}

function tlsOf(host: string, insecure: boolean, settings: RegistryHostSettings): TlsSettings | undefined {
  const authorities: string[] = [];
  let client: { certificate: string; key: string } | undefined;
  for (const base of settings.certificateDirs) {
    const read = (name: string): string => readTextFileMaybe(`${base}/${host}/${name}`, MAX_PEM_SIZE) ?? "";
    for (const name of listDirectory(`${base}/${host}`).toSorted()) {
      if (name.endsWith(".crt")) authorities.push(read(name));
      if (name.endsWith(".cert")) client ??= { certificate: read(name), key: read(name.replace(/cert$/, "key")) };
    }
  }
  if (!insecure && authorities.length === 0 && client === undefined) return undefined;
  return { insecure, ...(authorities.length === 0 ? {} : { authorities }), ...client };
}

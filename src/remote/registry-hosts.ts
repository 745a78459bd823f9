import { listDirectory, readTextFileMaybe } from "#host/files/files.ts";
import type { TlsSettings } from "#host/web/registry-http.ts";
import { readHostsFile, type HostCapability, type ListedHost } from "./hosts-file.ts";
import type { RegistryRule } from "./registry-rules.ts";
import { matchesCidr } from "./cidr.ts";

/** One way to reach a registry. */
export interface RegistryEndpoint {
  /** Scheme and host without a trailing slash, e.g. `https://registry-1.docker.io`. */
  readonly baseUrl: string;
  readonly tls: TlsSettings | undefined;
  /** May be spoken to without encryption. */
  readonly insecure: boolean;
  /** The base URL's path stands for `/v2`. */
  readonly isApiRoot?: boolean;
  /** The registry that it stands in for, told as `ns`. */
  readonly namespace?: string;
  /** For every request to it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a connection to it may take to come about. */
  readonly dialTimeoutMs?: number;
}

/** A way to a registry and what may be asked there. */
export interface RegistryPlace {
  readonly endpoints: readonly RegistryEndpoint[];
  readonly capabilities: readonly HostCapability[];
  /** The registry itself, which a person's credentials are for. */
  readonly isOwn: boolean;
}

export interface RegistryHostSettings {
  /** `host`, `host:port` or CIDR, as dockerd's --insecure-registry. Loopback always counts as insecure. */
  readonly insecureRegistries: readonly string[];
  /** Base URLs to ask first for docker.io, as dockerd's --registry-mirror. */
  readonly mirrors: readonly string[];
  /** Mirrors of any registry, by prefix of repositories' names. */
  readonly rules: readonly RegistryRule[];
  /** Folders like /etc/docker/certs.d: `<host[:port]>/{hosts.toml, *.crt, *.cert, *.key}`. */
  readonly certificateDirs: readonly string[];
}

const HUB = "docker.io";
const HUB_ENDPOINT = "https://registry-1.docker.io";
const LOOPBACK = ["127.0.0.0/8", "::1/128"];
const MAX_PEM_SIZE = 1 << 20;

/**
 * Where a reference's domain may be read, in the order to ask: what a hosts.toml lists, or the Hub's mirrors, and the
 * registry itself. `invalid-parameter` for a hosts.toml that cannot be understood.
 */
export function placesOf(domain: string, settings: RegistryHostSettings): readonly RegistryPlace[] {
  const file = readHostsFile(domain, settings.certificateDirs);
  const listed = (file?.hosts ?? []).map((host) => listedPlace(domain, host, settings));
  // docker-compat: hosts of a file stand in the place of --registry-mirror.
  const mirrors = domain === HUB && listed.length === 0 ? settings.mirrors : [];
  const own: RegistryPlace = {
    endpoints: ownEndpoints(domain, file?.server, settings),
    capabilities: file?.server.capabilities ?? ["resolve", "pull", "push"],
    isOwn: true,
  };
  return [
    ...mirrors.map((mirror): RegistryPlace => {
      const endpoints = [forUrl(mirror.replace(/\/+$/, ""), settings)];
      return { endpoints, capabilities: ["resolve", "pull"], isOwn: false };
    }),
    ...listed,
    own,
  ];
}

function listedPlace(domain: string, host: ListedHost, settings: RegistryHostSettings): RegistryPlace {
  const endpoint = { ...forUrl(host.baseUrl ?? "", settings), ...fromFile(host) };
  const isOwn = new URL(endpoint.baseUrl).host === (domain === HUB ? new URL(HUB_ENDPOINT).host : domain);
  const endpoints = [isOwn ? endpoint : { ...endpoint, namespace: domain }];
  return { endpoints, capabilities: host.capabilities, isOwn };
}

/**
 * The registry itself, in the order to try. docker-compat: `docker.io` means registry-1.docker.io; an insecure registry is
 * tried by HTTPS without checking its certificate, then by HTTP.
 */
function ownEndpoints(
  domain: string,
  server: ListedHost | undefined,
  settings: RegistryHostSettings,
): readonly RegistryEndpoint[] {
  const more = server === undefined ? {} : fromFile(server);
  if (server?.baseUrl !== undefined) return [{ ...forUrl(server.baseUrl, settings), ...more }];
  if (domain === HUB) return [{ ...forUrl(HUB_ENDPOINT, settings), ...more }];
  const insecure = isInsecure(domain, settings.insecureRegistries);
  const tls = tlsOf(domain, insecure, settings);
  const secure: RegistryEndpoint = { baseUrl: `https://${domain}`, tls, insecure, ...more };
  return insecure ? [secure, { ...secure, baseUrl: `http://${domain}`, tls: undefined }] : [secure];
}

function fromFile({ tls, isApiRoot, headers, dialTimeoutMs }: ListedHost): Partial<RegistryEndpoint> {
  return {
    ...(tls === undefined ? {} : { tls }),
    ...(dialTimeoutMs === undefined ? {} : { dialTimeoutMs }),
    isApiRoot,
    headers,
  };
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

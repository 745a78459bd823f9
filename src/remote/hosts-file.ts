import { BerthError, messageOf } from "#base/errors.ts";
import { parseDuration } from "#base/units.ts";
import { readTextFileMaybe } from "#host/files/files.ts";
import type { TlsSettings } from "#host/web/registry-http.ts";
import { parseToml } from "#host/bun/toml.ts";

/** What a host may be asked for: tags, content by digest, pushes. */
export type HostCapability = "resolve" | "pull" | "push";

/** One host of a hosts.toml. */
export interface ListedHost {
  /** Without a trailing slash; undefined: where the registry is anyway. */
  readonly baseUrl: string | undefined;
  /** The URL's path is the API itself, which stands for `/v2`. */
  readonly isApiRoot: boolean;
  readonly capabilities: readonly HostCapability[];
  /** As far as the file says something about it. */
  readonly tls: TlsSettings | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** How long a connection to it may take to come about; undefined: as long as anything else may. */
  readonly dialTimeoutMs: number | undefined;
}

/** `hosts` in the order to ask, before `server`, the registry itself. */
export interface HostsFile {
  readonly hosts: readonly ListedHost[];
  readonly server: ListedHost;
}

const MAX_FILE_SIZE = 1 << 20;
const MAX_PEM_SIZE = 1 << 20;
const EVERYTHING: readonly HostCapability[] = ["resolve", "pull", "push"];
const KEYS = ["capabilities", "ca", "client", "skip_verify", "header", "override_path", "dial_timeout"];

type Table = Readonly<Record<string, unknown>>;

/**
 * The `hosts.toml` for a registry in folders like /etc/docker/certs.d, as containerd and Docker 29 read it: the first of
 * `<host>_<port>_/`, `<host>:<port>/` and `_default/` that has one. Undefined when none has. `invalid-parameter` names the file
 * and what is wrong. Source: containerd `docs/hosts.md`.
 */
export function readHostsFile(domain: string, folders: readonly string[]): HostsFile | undefined {
  const names = [domain.replace(/:([0-9]+)$/, "_$1_"), domain, "_default"];
  for (const folder of folders.flatMap((base) => names.map((name) => `${base}/${name}`))) {
    const text = readTextFileMaybe(`${folder}/hosts.toml`, MAX_FILE_SIZE);
    if (text === undefined || text.trim() === "") continue;
    try {
      return parseHostsFile(text, folder);
    } catch (cause) {
      throw new BerthError("invalid-parameter", `${folder}/hosts.toml: ${messageOf(cause)}`, { cause });
    }
  }
  return undefined;
}

function parseHostsFile(text: string, folder: string): HostsFile {
  const { server, host, ...rest } = parseToml(text);
  if (server !== undefined && typeof server !== "string") throw new Error("server is no text");
  const hosts = Object.entries(table(host ?? {}, "host"));
  return {
    hosts: hosts.map(([url, value]) => listedHost(url, table(value, `host."${url}"`), folder)),
    server: listedHost(server, rest, folder),
  };
}

function listedHost(url: string | undefined, settings: Table, folder: string): ListedHost {
  const unknown = Object.keys(settings).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new Error(`unknown key ${JSON.stringify(unknown)}`);
  const isApiRoot = flag(settings, "override_path") ?? false;
  return {
    baseUrl: url === undefined || url === "" ? undefined : baseUrl(url, isApiRoot),
    isApiRoot,
    capabilities: capabilities(settings["capabilities"] ?? []),
    tls: tlsOf(settings, folder),
    headers: headers(table(settings["header"] ?? {}, "header")),
    dialTimeoutMs: dialTimeoutMs(settings["dial_timeout"]),
  };
}

/** Go's spelling of a duration. containerd: none and 0 are no limit of their own. */
function dialTimeoutMs(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new Error("dial_timeout is no text");
  const milliseconds = Number(parseDuration(value) / 1_000_000n);
  if (milliseconds < 0) throw new Error(`dial_timeout ${JSON.stringify(value)} is below nothing`);
  return milliseconds === 0 ? undefined : milliseconds;
}

/** containerd adds `/v2` to the path unless it stands there already. */
function baseUrl(text: string, isApiRoot: boolean): string {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  if (url === null || url.search !== "" || url.hash !== "" || url.username !== "") {
    throw new Error(`${JSON.stringify(text)} is no address of a registry`);
  }
  const path = url.pathname.replace(/\/+$/, "");
  return url.origin + (isApiRoot ? path : path.replace(/\/v2$/, ""));
}

/** `referrers` is known and means nothing here. */
function capabilities(value: unknown): readonly HostCapability[] {
  const words = strings(value, "capabilities").map((word) => word.toLowerCase());
  const unknown = words.find((word) => word !== "referrers" && !EVERYTHING.includes(word as HostCapability));
  if (unknown !== undefined) throw new Error(`unknown capability ${JSON.stringify(unknown)}`);
  return words.length === 0 ? EVERYTHING : EVERYTHING.filter((word) => words.includes(word));
}

function tlsOf(settings: Table, folder: string): TlsSettings | undefined {
  const { ca, client } = settings;
  const insecure = flag(settings, "skip_verify");
  if (ca === undefined && client === undefined && insecure === undefined) return undefined;
  const read = (name: string): string => {
    const path = name.startsWith("/") ? name : `${folder}/${name}`;
    const pem = readTextFileMaybe(path, MAX_PEM_SIZE);
    if (pem === undefined) throw new Error(`${path} cannot be read`);
    return pem;
  };
  const authorities = strings(typeof ca === "string" ? [ca] : (ca ?? []), "ca").map(read);
  const [pair] = client === undefined ? [] : typeof client === "string" ? [client] : list(client, "client");
  const [certificate, key = certificate] = strings(typeof pair === "string" ? [pair] : (pair ?? []), "client");
  return {
    insecure: insecure ?? false,
    ...(authorities.length === 0 ? {} : { authorities }),
    ...(certificate === undefined || key === undefined ? {} : { certificate: read(certificate), key: read(key) }),
  };
}

function headers(value: Table): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => {
      const all = strings(typeof text === "string" ? [text] : text, `header ${name}`);
      return [name.toLowerCase(), all.join(", ")];
    }),
  );
}

function flag(settings: Table, key: string): boolean | undefined {
  const value = settings[key];
  if (value !== undefined && typeof value !== "boolean") throw new Error(`${key} is neither true nor false`);
  return value;
}

function table(value: unknown, what: string): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what} is no table`);
  return value as Table;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} is no list`);
  return value;
}

function strings(value: unknown, what: string): readonly string[] {
  const items = list(value, what);
  if (!items.every((item) => typeof item === "string")) throw new Error(`${what} is not made of texts`);
  return items;
}

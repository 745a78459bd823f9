import { BerthError, messageOf } from "#base/errors.ts";
import { listDirectory, readTextFile, readTextFileMaybe } from "#host/files/files.ts";
import type { SocketAddress, TlsMaterial } from "#host/http/socket.ts";
import { isSocket } from "#host/files/socket-file.ts";

const MAX_FILE_BYTES = 1 << 20;

/** Where plugins announce themselves (docs.docker.com/engine/extend/plugin_api, "Plugin discovery"). */
export interface PluginDirectories {
  /** `NAME.sock` or `NAME/NAME.sock`. */
  readonly sockets: readonly string[];
  /** `NAME.spec` or `NAME.json`, the first directory that has one counts. */
  readonly specs: readonly string[];
}

export const dockerPluginDirectories: PluginDirectories = {
  sockets: ["/run/docker/plugins"],
  specs: ["/etc/docker/plugins", "/usr/lib/docker/plugins"],
};

/** Names of all plugins that announce themselves now, sorted; whether they live is not known yet. */
export function pluginNames(directories: PluginDirectories): readonly string[] {
  const names = new Set<string>();
  for (const directory of directories.sockets) {
    for (const name of listDirectory(directory)) {
      if (name.endsWith(".sock") && isSocket(`${directory}/${name}`)) names.add(name.slice(0, -".sock".length));
      else if (isSocket(`${directory}/${name}/${name}.sock`)) names.add(name);
    }
  }
  for (const directory of directories.specs) {
    for (const name of listDirectory(directory)) {
      const stem = /^(.+)\.(?:spec|json)$/u.exec(name)?.[1];
      if (stem !== undefined) names.add(stem);
    }
  }
  return [...names].toSorted();
}

/**
 * Where a plugin is to be reached; undefined when none of that name announces itself. A name is never a path.
 * `invalid-parameter` naming the file that cannot be understood.
 */
export function findPlugin(directories: PluginDirectories, name: string): SocketAddress | undefined {
  if (name === "" || name.includes("/") || name.includes("\0") || name.startsWith(".")) return undefined;
  for (const directory of directories.sockets) {
    for (const path of [`${directory}/${name}.sock`, `${directory}/${name}/${name}.sock`])
      if (isSocket(path)) return { kind: "unix", path };
  }
  for (const directory of directories.specs) {
    for (const [path, parse] of [
      [`${directory}/${name}.spec`, specAddress],
      [`${directory}/${name}.json`, jsonAddress],
    ] as const) {
      const text = readTextFileMaybe(path, MAX_FILE_BYTES);
      if (text === undefined) continue;
      try {
        return parse(text);
      } catch (error) {
        throw new BerthError("invalid-parameter", `plugin file ${path}: ${messageOf(error)}`, { cause: error });
      }
    }
  }
  return undefined;
}

/** A `.spec` file: one address. */
function specAddress(text: string): SocketAddress {
  return parseAddress(text.trim(), undefined);
}

interface PluginJson {
  readonly Addr?: unknown;
  readonly TLSConfig?: {
    readonly InsecureSkipVerify?: boolean;
    readonly CAFile?: string;
    readonly CertFile?: string;
    readonly KeyFile?: string;
  } | null;
}

function jsonAddress(text: string): SocketAddress {
  const { Addr, TLSConfig: tls } = JSON.parse(text) as PluginJson;
  if (typeof Addr !== "string") throw new Error('"Addr" is missing');
  const pem = (path: string | undefined): string | undefined =>
    path === undefined || path === "" ? undefined : readTextFile(path, MAX_FILE_BYTES);
  const [ca, cert, key] = [pem(tls?.CAFile), pem(tls?.CertFile), pem(tls?.KeyFile)];
  return parseAddress(
    Addr,
    tls === undefined || tls === null
      ? undefined
      : {
          verify: tls.InsecureSkipVerify !== true,
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
        },
  );
}

function parseAddress(text: string, tls: TlsMaterial | undefined): SocketAddress {
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.+)$/u.exec(text) ?? [];
  if (scheme === "unix") return { kind: "unix", path: rest };
  if (scheme !== "tcp" && scheme !== "http" && scheme !== "https") throw new Error(`"${text}" is no address`);
  const { hostname, port } = new URL(`http://${rest}`);
  const secured = tls ?? (scheme === "https" ? { verify: true } : undefined);
  return {
    kind: "tcp",
    host: hostname.replace(/^\[(.*)\]$/u, "$1"),
    port: port === "" ? (scheme === "https" ? 443 : 80) : Number(port),
    ...(secured === undefined ? {} : { tls: secured }),
  };
}

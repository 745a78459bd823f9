import { messageOf } from "#base/errors.ts";
import type { CliIo } from "../cli-io.ts";

/** One entry of `auths`, as stored: `auth` is base64 of `user:password`. */
export interface StoredAuth {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly email?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

export interface ProxySettings {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: string;
  readonly ftpProxy?: string;
  readonly allProxy?: string;
}

/** The properties of `config.json` that we read; others are kept when the file is written again. */
export interface ConfigFile {
  readonly auths?: Readonly<Record<string, StoredAuth>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly HttpHeaders?: Readonly<Record<string, string>>;
  readonly proxies?: Readonly<Record<string, ProxySettings>>;
  readonly detachKeys?: string;
  readonly currentContext?: string;
  readonly psFormat?: string;
  readonly imagesFormat?: string;
  readonly statsFormat?: string;
  readonly networksFormat?: string;
  readonly volumesFormat?: string;
  /** More folders with plugins, looked into first. */
  readonly cliPluginsExtraDirs?: readonly string[];
  /** Settings by plugin; ours are those of `berth`, which docker keeps and does not read. */
  readonly plugins?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** `~/.docker/config.json`, shared with docker. */
export class CliConfig {
  readonly #io: Pick<CliIo, "writeFile" | "stderr">;
  readonly directory: string;
  readonly path: string;
  readonly #content: string | undefined;
  #file: ConfigFile | undefined;

  private constructor(io: Pick<CliIo, "writeFile" | "stderr">, directory: string, path: string, content?: string) {
    this.#io = io;
    this.directory = directory;
    this.path = path;
    this.#content = content;
  }

  static open(io: Pick<CliIo, "readText" | "writeFile" | "stderr">, directory: string): CliConfig {
    const path = `${directory}/config.json`;
    return new CliConfig(io, directory, path, io.readText(path));
  }

  /** The file's content, empty when there is none. A broken file is reported once on stderr and read as empty. */
  get file(): ConfigFile {
    this.#file ??= this.#parse(this.#content ?? "");
    return this.#file;
  }

  /** Writes the file back with `changes` on top of what is there; `undefined` takes a property away. */
  update(changes: { readonly [K in keyof ConfigFile]?: ConfigFile[K] | undefined }): void {
    const next = JSON.parse(JSON.stringify({ ...this.file, ...changes })) as ConfigFile;
    this.#io.writeFile(this.path, JSON.stringify(next, undefined, "\t"), 0o600);
    this.#file = next;
  }

  #parse(content: string): ConfigFile {
    if (content.trim() === "") return {};
    try {
      const value: unknown = JSON.parse(content);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
      throw new Error("not an object");
    } catch (error) {
      this.#io.stderr.write(`WARNING: Error loading config file: ${this.path}: ${messageOf(error)}\n`);
      return {};
    }
  }
}

const PROXY_VARIABLES = {
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  noProxy: "NO_PROXY",
  ftpProxy: "FTP_PROXY",
  allProxy: "ALL_PROXY",
} as const satisfies Record<keyof ProxySettings, string>;

/** Proxy variables that config.json wants in every new container of `daemonHost`, except those already `given`. */
export function proxyEnvironment(file: ConfigFile, daemonHost: string, given: readonly string[]): readonly string[] {
  const settings = file.proxies?.[daemonHost] ?? file.proxies?.["default"];
  if (settings === undefined) return [];
  const names = new Set(given.map((item) => item.split("=", 1)[0]));
  return (Object.keys(PROXY_VARIABLES) as (keyof ProxySettings)[]).flatMap((key) => {
    const value = settings[key];
    if (value === undefined || value === "") return [];
    const name = PROXY_VARIABLES[key];
    return [name, name.toLowerCase()]
      .filter((variable) => !names.has(variable))
      .map((variable) => `${variable}=${value}`);
  });
}

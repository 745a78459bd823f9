import { BerthError } from "#base/errors.ts";
import type { LogLevel } from "#base/log.ts";
import type { CliIo } from "#cli/cli-io.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import type { WebTls } from "#host/web-server.ts";
import { defaultSettings, type RegistrySettings } from "#registry/settings.ts";
import { tlsMaterial } from "../daemon/tls-material.ts";

export interface ServeSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: WebTls | undefined;
  readonly publicUrl: string | undefined;
  readonly auth: { readonly kind: "none" | "users" } | { readonly kind: "htpasswd"; readonly path: string };
  readonly root: string;
  /** 0: never. */
  readonly collectEveryMs: number;
  readonly scrubEveryMs: number;
  readonly registry: RegistrySettings;
  readonly logLevel: LogLevel;
  readonly logFormat: "text" | "json";
}

/** Read what the person gave. `invalid-parameter` naming the flag. */
export function serveSettings(flags: FlagValues, io: CliIo): ServeSettings {
  const root = flags.text("root");
  if (!root.startsWith("/")) throw bad(`--root must be an absolute path: ${root}`);
  return {
    ...address(flags.text("addr")),
    tls: tls(flags, io),
    publicUrl: publicUrl(flags.text("public-url")),
    auth: auth(flags),
    root,
    collectEveryMs: milliseconds(flags, "gc-interval"),
    scrubEveryMs: milliseconds(flags, "scrub-interval"),
    registry: {
      ...defaultSettings,
      maxBlobBytes: flags.number("max-blob-size") || defaultSettings.maxBlobBytes,
      graceMs: milliseconds(flags, "grace"),
      undeleteMs: milliseconds(flags, "undelete"),
      readOnly: flags.on("read-only"),
    },
    logLevel: flags.text("log-level") as LogLevel,
    logFormat: flags.text("log-format") as "text" | "json",
  };
}

function address(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) throw bad(`--addr must be HOST:PORT: ${text}`);
  return { host: match[1] ?? (match[2] || "0.0.0.0"), port: Number(match[3]) };
}

function tls(flags: FlagValues, io: CliIo): WebTls | undefined {
  const [certFile, keyFile, caFile] = [flags.text("tls-cert"), flags.text("tls-key"), flags.text("tls-ca")];
  if (certFile === "" && keyFile === "" && caFile === "") return undefined;
  if (certFile === "" || keyFile === "") throw bad("--tls-cert and --tls-key belong together");
  const settings = { certFile, keyFile, caFile, verifyClients: caFile !== "" };
  const { cert, key, clientAuthority } = tlsMaterial(settings, (path) => io.readFile(path));
  return { cert, key, ...(clientAuthority === undefined ? {} : { clientAuthority }) };
}

function auth(flags: FlagValues): ServeSettings["auth"] {
  const path = flags.text("htpasswd");
  if (path === "") return { kind: flags.text("auth") as "none" | "users" };
  if (flags.text("auth") === "users") throw bad("--htpasswd and --auth users exclude each other");
  return { kind: "htpasswd", path };
}

function publicUrl(text: string): string | undefined {
  if (text === "") return undefined;
  if (!/^https?:\/\/[^/?#\s"]+\/?$/.test(text)) throw bad(`--public-url must be https://HOST[:PORT]: ${text}`);
  return text.replace(/\/$/, "");
}

function milliseconds(flags: FlagValues, name: string): number {
  const value = flags.number(name) / 1e6;
  if (value < 0) throw bad(`--${name} must not be negative`);
  return value;
}

function bad(message: string): BerthError {
  return new BerthError("invalid-parameter", message);
}

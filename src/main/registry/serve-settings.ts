import { invalid } from "#base/errors.ts";
import type { LogLevel } from "#base/log.ts";
import type { CliIo } from "#cli/cli-io.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import type { ServerTls } from "#host/sockets/accept.ts";
import type { Webhook } from "#registry/events/webhook.ts";
import { defaultSettings, type RegistrySettings } from "#registry/settings.ts";
import { isRepositoryName } from "#spec/oci/reference.ts";
import type { StoragePlace } from "./open-storage.ts";
import { tlsMaterial } from "../daemon/tls-material.ts";

/** A registry whose images are kept here. */
export interface UpstreamSettings {
  readonly name: string;
  readonly url: string;
  readonly login: { readonly username: string; readonly password: string } | undefined;
}

export interface ServeSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: ServerTls | undefined;
  readonly publicUrl: string | undefined;
  readonly auth: { readonly kind: "none" | "users" } | { readonly kind: "htpasswd"; readonly path: string };
  readonly root: string;
  readonly storage: StoragePlace;
  readonly upstreams: readonly UpstreamSettings[];
  readonly mirrorOf: string | undefined;
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  readonly webhooks: readonly Webhook[];
  readonly webhookPatienceMs: number;
  /** 0: never. */
  readonly collectEveryMs: number;
  readonly scrubEveryMs: number;
  readonly registry: RegistrySettings;
  readonly logLevel: LogLevel;
  readonly logFormat: "text" | "json";
}

/** Read what the person gave. `invalid-parameter` naming the flag. */
export function serveSettings(flags: FlagValues, io: Pick<CliIo, "readFile">): ServeSettings {
  const root = flags.text("root");
  if (!root.startsWith("/")) throw invalid(`--root must be an absolute path: ${root}`);
  return {
    ...address(flags.text("addr")),
    tls: tls(flags, io),
    publicUrl: publicUrl(flags.text("public-url")),
    auth: auth(flags),
    root,
    storage: storage(flags),
    ...upstreams(flags, io),
    metrics: flags.text("metrics-addr") === "" ? undefined : address(flags.text("metrics-addr"), "metrics-addr"),
    webhooks: webhooks(flags),
    webhookPatienceMs: milliseconds(flags, "webhook-patience"),
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

function address(text: string, flag = "addr"): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) throw invalid(`--${flag} must be HOST:PORT: ${text}`);
  return { host: match[1] ?? (match[2] || "0.0.0.0"), port: Number(match[3]) };
}

function tls(flags: FlagValues, io: Pick<CliIo, "readFile">): ServerTls | undefined {
  const [certFile, keyFile, caFile] = [flags.text("tls-cert"), flags.text("tls-key"), flags.text("tls-ca")];
  if (certFile === "" && keyFile === "" && caFile === "") return undefined;
  if (certFile === "" || keyFile === "") throw invalid("--tls-cert and --tls-key belong together");
  const settings = { certFile, keyFile, caFile, verifyClients: caFile !== "" };
  return tlsMaterial(settings, (path) => io.readFile(path));
}

function auth(flags: FlagValues): ServeSettings["auth"] {
  const path = flags.text("htpasswd");
  if (path === "") return { kind: flags.text("auth") as "none" | "users" };
  if (flags.text("auth") === "users") throw invalid("--htpasswd and --auth users exclude each other");
  return { kind: "htpasswd", path };
}

function upstreams(flags: FlagValues, io: Pick<CliIo, "readFile">): Pick<ServeSettings, "upstreams" | "mirrorOf"> {
  const logins = new Map(flags.list("upstream-login").map((text) => pair(text, "upstream-login")));
  const found = flags.list("upstream").map((text) => {
    const [name, url] = pair(text, "upstream");
    if (!isRepositoryName(name)) throw invalid(`--upstream: ${name} cannot be the beginning of repositories' names`);
    if (!/^https?:\/\/[^/?#\s]+\/?$/.test(url)) throw invalid(`--upstream: ${url} is not https://HOST[:PORT]`);
    const file = logins.get(name);
    logins.delete(name);
    return { name, url, login: file === undefined ? undefined : login(file, io) };
  });
  const [unknown] = logins.keys();
  if (unknown !== undefined) throw invalid(`--upstream-login: there is no upstream ${unknown}`);
  const mirrorOf = flags.text("mirror") || undefined;
  if (mirrorOf !== undefined && !found.some(({ name }) => name === mirrorOf))
    throw invalid(`--mirror: there is no upstream ${mirrorOf}`);
  return { upstreams: found, mirrorOf };
}

function storage(flags: FlagValues): StoragePlace {
  const [endpoint, bucket] = [flags.text("s3-endpoint"), flags.text("s3-bucket")];
  if (endpoint === "" && bucket === "") return { kind: "files" };
  if (endpoint === "" || bucket === "") throw invalid("--s3-endpoint and --s3-bucket belong together");
  if (!/^https?:\/\/[^/?#\s]+\/?$/.test(endpoint))
    throw invalid(`--s3-endpoint must be https://HOST[:PORT]: ${endpoint}`);
  const prefix = flags.text("s3-prefix").replace(/\/*$/, "");
  return {
    kind: "objects",
    endpoint: endpoint.replace(/\/$/, ""),
    bucket,
    region: flags.text("s3-region"),
    prefix: prefix === "" ? "" : `${prefix}/`,
  };
}

function webhooks(flags: FlagValues): readonly Webhook[] {
  const headers = Object.fromEntries(flags.list("webhook-header").map((text) => pair(text, "webhook-header")));
  return flags.list("webhook").map((url) => {
    if (!/^https?:\/\/[^\s]+$/.test(url)) throw invalid(`--webhook must be an http or https address: ${url}`);
    return { url, headers };
  });
}

function pair(text: string, flag: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals <= 0) throw invalid(`--${flag} must be NAME=VALUE: ${text}`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function login(path: string, io: Pick<CliIo, "readFile">): UpstreamSettings["login"] {
  const [line = ""] = (io.readFile(path) ?? "").split("\n");
  const colon = line.indexOf(":");
  if (colon <= 0) throw invalid(`--upstream-login: ${path} does not hold USER:PASSWORD`);
  return { username: line.slice(0, colon), password: line.slice(colon + 1).trimEnd() };
}

function publicUrl(text: string): string | undefined {
  if (text === "") return undefined;
  if (!/^https?:\/\/[^/?#\s"]+\/?$/.test(text)) throw invalid(`--public-url must be https://HOST[:PORT]: ${text}`);
  return text.replace(/\/$/, "");
}

function milliseconds(flags: FlagValues, name: string): number {
  const value = flags.number(name) / 1e6;
  if (value < 0) throw invalid(`--${name} must not be negative`);
  return value;
}

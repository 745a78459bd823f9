import { invalid } from "#base/errors.ts";
import type { BerthError } from "#base/errors.ts";
import { apiVersion, newestApiVersion, oldestApiVersion } from "#server/docker/versions/api-version.ts";
import type { OptionValues } from "../option-values.ts";

export interface TlsSettings {
  /** Paths of PEM files. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Admit only clients with a certificate that the CA signed. */
  readonly verifyClients: boolean;
}

interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
}

export function listenSettings(values: OptionValues, { env, homeDirectory }: Sources) {
  const tls = tlsSettings(values, env["DOCKER_CERT_PATH"] || env["DOCKER_CONFIG"] || `${homeDirectory}/.docker`, env);
  return {
    hosts: [...new Set(values.list("host").map((host) => normalHost(host, tls !== undefined)))].toSorted(),
    socketGroup: values.text("group"),
    dockerSocket: values.on("docker-socket"),
    tls,
    openTcp: values.on("insecure-tcp") || openByTls(values),
    minimumApiVersion: minimumApiVersion(values, env),
    experimental: values.on("experimental"),
    metricsAddress: metricsAddress(values.text("metrics-addr")),
  };
}

/** docker-compat: any word about --tlsverify turns TLS on, and where only --tls is said clients are verified too. */
function tlsSettings(values: OptionValues, certificates: string, env: Sources["env"]): TlsSettings | undefined {
  const wantedByEnvironment = Boolean(env["DOCKER_TLS_VERIFY"]);
  const on = values.given("tlsverify") || wantedByEnvironment || values.on("tls");
  if (!on) return undefined;
  const path = (option: string, name: string): string => values.text(option) || `${certificates}/${name}`;
  return {
    caFile: path("tlscacert", "ca.pem"),
    certFile: path("tlscert", "cert.pem"),
    keyFile: path("tlskey", "key.pem"),
    verifyClients: values.given("tlsverify") ? values.on("tlsverify") : true,
  };
}

/** docker-compat: `--tls=false` and `--tlsverify=false` insist on what nobody should want. */
function openByTls(values: OptionValues): boolean {
  return ["tls", "tlsverify"].some((name) => values.given(name) && !values.on(name));
}

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/** docker-compat: what may be left out of an address. `invalid-parameter` for one that nobody can listen on. */
function normalHost(host: string, tls: boolean): string {
  const text = host.trim();
  if (text === "") return "";
  const at = text.indexOf("://");
  const scheme = at === -1 ? (text.startsWith("/") ? "unix" : "tcp") : text.slice(0, at);
  const rest = at === -1 ? text : text.slice(at + 3);
  switch (scheme) {
    case "unix":
      if (!rest.startsWith("/")) throw invalid(`invalid --host ${host}: a socket needs an absolute path`);
      return `unix://${rest}`;
    case "fd":
      return `fd://${rest}`;
    case "tcp":
      return `tcp://${tcpAddress(rest, host, tls ? TLS_PORT : PLAIN_PORT)}`;
    default:
      throw invalid(`invalid bind address format: ${host}`);
  }
}

function tcpAddress(rest: string, host: string, port: number): string {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:/[\]]*))(?::(\d{1,5}))?\/?$/.exec(rest);
  if (match === null) throw invalid(`invalid bind address format: ${host}`);
  const [, six, four = "", digits] = match;
  if (digits !== undefined && Number(digits) > 65_535) throw invalid(`invalid bind address format: ${host}`);
  const name = six === undefined ? four || "127.0.0.1" : `[${six}]`;
  return `${name}:${digits ?? port}`;
}

function minimumApiVersion(values: OptionValues, env: Sources["env"]): string {
  const fromEnvironment = env["DOCKER_MIN_API_VERSION"] ?? "";
  const wanted = values.text("min-api-version") || fromEnvironment;
  if (wanted === "") return "";
  const where = values.text("min-api-version") === "" ? "DOCKER_MIN_API_VERSION" : "min-api-version";
  const refuse = (why: string): BerthError => invalid(`invalid ${where}: ${why}`);
  if (/^v/i.test(wanted)) throw refuse('API version must be provided without "v" prefix');
  if (!/^1\.\d{1,3}$/.test(wanted)) throw refuse(`not a version: ${wanted}`);
  const { minor } = apiVersion(wanted);
  if (minor < apiVersion(oldestApiVersion).minor)
    throw refuse(`minimum supported API version is ${oldestApiVersion}: ${wanted}`);
  if (minor > apiVersion(newestApiVersion).minor)
    throw refuse(`maximum supported API version is ${newestApiVersion}: ${wanted}`);
  return wanted;
}

function metricsAddress(text: string): string {
  if (text === "") return "";
  if (!/^(?:\[[0-9a-fA-F:.]+\]|[^:/[\]]*):\d{1,5}$/.test(text))
    throw invalid(`invalid --metrics-addr ${text}: want HOST:PORT`);
  return text;
}

import { BerthError } from "#base/errors.ts";
import type { Dial } from "#host/http/duplex.ts";
import { dialSocket, type TlsMaterial } from "#host/http/socket.ts";
import type { CliIo } from "../cli-io.ts";
import type { EngineChoice } from "./engine-choice.ts";

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

export interface EngineAddress {
  /** As it is shown in messages. */
  readonly name: string;
  readonly httpHost: string;
  readonly dial: Dial;
}

/** Where `choice.host` is and how to get there. `invalid-parameter` for addresses nobody can dial. */
export function engineAddress(choice: EngineChoice, io: CliIo): EngineAddress {
  const { host } = choice;
  const at = host.indexOf("://");
  const scheme = at === -1 ? "tcp" : host.slice(0, at);
  const rest = at === -1 ? host : host.slice(at + 3);
  switch (scheme) {
    case "unix":
      return {
        name: host,
        httpHost: "api.moby.localhost",
        dial: dialSocket({ kind: "unix", path: rest === "" ? "/var/run/docker.sock" : rest }),
      };
    case "tcp":
    case "http":
    case "https":
      return tcpAddress(scheme, rest, choice, io);
    case "ssh":
      return { name: host, httpHost: "docker.example.com", dial: io.dialProgram(sshCommand(rest, host)) };
    case "npipe":
    case "fd":
      throw new BerthError("invalid-parameter", `protocol not available: ${scheme}://`);
    default:
      throw new BerthError(
        "invalid-parameter",
        `Failed to initialize: unable to resolve docker endpoint: invalid bind address format: ${host}`,
        {
          hint: "Use unix://PATH, tcp://HOST:PORT or ssh://USER@HOST.",
        },
      );
  }
}

function tcpAddress(scheme: string, rest: string, choice: EngineChoice, io: CliIo): EngineAddress {
  const tls =
    choice.tls === undefined ? (scheme === "https" ? { verify: true } : undefined) : tlsMaterial(choice.tls, io);
  const authority = rest.split("/", 1)[0] ?? "";
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(authority);
  if (match === null) throw new BerthError("invalid-parameter", `invalid bind address format: ${choice.host}`);
  const hostName = match[1] ?? (match[2] === undefined || match[2] === "" ? "localhost" : match[2]);
  const port = match[3] === undefined ? (tls === undefined ? PLAIN_PORT : TLS_PORT) : Number(match[3]);
  return {
    name: choice.host.includes("://") ? choice.host : `tcp://${choice.host}`,
    httpHost: authority === "" ? `localhost:${String(port)}` : authority,
    dial: dialSocket({ kind: "tcp", host: hostName, port, ...(tls === undefined ? {} : { tls }) }),
  };
}

function tlsMaterial(tls: NonNullable<EngineChoice["tls"]>, io: CliIo): TlsMaterial {
  const ca = tls.verify ? io.readFile(tls.caPath) : undefined;
  if (tls.verify && ca === undefined && tls.systemAuthorities !== true) {
    throw new BerthError(
      "invalid-parameter",
      `could not read CA certificate "${tls.caPath}": open ${tls.caPath}: no such file or directory`,
    );
  }
  const cert = io.readFile(tls.certPath);
  const key = io.readFile(tls.keyPath);
  return {
    verify: tls.verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}

/** `ssh://[user@]host[:port][/socket]`: the other side's `system dial-stdio` carries the bytes. */
function sshCommand(rest: string, host: string): readonly string[] {
  const match = /^(?:([^@/:]+)@)?(\[[^\]/]+\]|[^:/@]+)(?::(\d+))?(\/.*)?$/.exec(rest);
  const target = match?.[2];
  if (match === null || target === undefined || target.startsWith("-")) {
    throw new BerthError("invalid-parameter", `ssh host connection is not valid: ${host}`);
  }
  const [, user, , port, socket] = match;
  const remoteHost = socket === undefined || socket === "/" ? "" : ` -H ${shellQuote(`unix://${socket}`)}`;
  return [
    "ssh",
    "-o",
    "ConnectTimeout=30",
    "-T",
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", port]),
    "--",
    target.replace(/^\[|\]$/g, ""),
    `exec "$(command -v berth || command -v docker)"${remoteHost} system dial-stdio`,
  ];
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

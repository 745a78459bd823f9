import { BerthError } from "#base/errors.ts";
import type { CliIo } from "../cli-io.ts";
import { list, text, toggle, type FlagSpec } from "../flags/flag-kind.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import type { CliConfig } from "./cli-config.ts";
import { DEFAULT_HOST, type EngineChoice } from "./engine-choice.ts";

/** Flags that stand before the command. */
export function globalFlags(io: Pick<CliIo, "env" | "homeDirectory">): readonly FlagSpec[] {
  const config = io.env["DOCKER_CONFIG"] || `${io.homeDirectory}/.docker`;
  const certificates = io.env["DOCKER_CERT_PATH"] || config;
  const path = (name: string): string => `${certificates}/${name}`;
  return [
    { name: "config", kind: text, usage: "Location of client config files", fallback: config, value: config },
    {
      name: "context",
      short: "c",
      kind: text,
      usage:
        'Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with "docker context use")',
    },
    { name: "debug", short: "D", kind: toggle, usage: "Enable debug mode" },
    { name: "host", short: "H", kind: list, usage: "Daemon socket to connect to" },
    {
      name: "log-level",
      short: "l",
      kind: text,
      usage: 'Set the logging level ("debug", "info", "warn", "error", "fatal")',
      fallback: "info",
      value: "info",
    },
    { name: "tls", kind: toggle, usage: "Use TLS; implied by --tlsverify" },
    {
      name: "tlscacert",
      kind: text,
      usage: "Trust certs signed only by this CA",
      fallback: path("ca.pem"),
      value: path("ca.pem"),
    },
    {
      name: "tlscert",
      kind: text,
      usage: "Path to TLS certificate file",
      fallback: path("cert.pem"),
      value: path("cert.pem"),
    },
    { name: "tlskey", kind: text, usage: "Path to TLS key file", fallback: path("key.pem"), value: path("key.pem") },
    { name: "tlsverify", kind: toggle, usage: "Use TLS and verify the remote" },
    { name: "version", short: "v", kind: toggle, usage: "Print version information and quit" },
  ];
}

/** The engine that flags and variables name: `-H`, then BERTH_HOST, then DOCKER_HOST, then the default socket. */
export function namedEngine(flags: FlagValues, io: Pick<CliIo, "env">): EngineChoice {
  const hosts = flags.list("host");
  if (hosts.length > 1)
    throw new BerthError(
      "invalid-parameter",
      "Failed to initialize: unable to resolve docker endpoint: Specify only one -H",
    );
  const host = hosts[0] ?? (io.env["BERTH_HOST"] || io.env["DOCKER_HOST"] || DEFAULT_HOST);
  const verify = flags.given("tlsverify") ? flags.on("tlsverify") : Boolean(io.env["DOCKER_TLS_VERIFY"]);
  const tls = verify || flags.on("tls") || Boolean(io.env["DOCKER_TLS"]);
  return {
    host,
    tls: tls
      ? { verify, caPath: flags.text("tlscacert"), certPath: flags.text("tlscert"), keyPath: flags.text("tlskey") }
      : undefined,
  };
}

/**
 * The context in use: `--context`; `default` when flags or variables name an engine; DOCKER_CONTEXT; config.json. Whether
 * there is such a context is not asked.
 */
export function contextName(flags: FlagValues, io: Pick<CliIo, "env">, config: CliConfig): string {
  const named = flags.text("context");
  const hasHost = flags.list("host").length > 0;
  if (hasHost && named !== "")
    throw new BerthError("invalid-parameter", "conflicting options: cannot specify both --host and --context");
  if (named !== "") return named;
  if (hasHost || io.env["BERTH_HOST"] || io.env["DOCKER_HOST"]) return "default";
  return io.env["DOCKER_CONTEXT"] || config.file.currentContext || "default";
}

import { EngineClient } from "#client/engine-client.ts";
import type { Dial } from "#host/http/duplex.ts";
import type { CliIo } from "./cli-io.ts";
import type { CliConfig } from "./config/cli-config.ts";
import { engineAddress, type EngineAddress, type EngineChoice } from "./config/engine-address.ts";
import { contextName, namedEngine } from "./config/global-flags.ts";
import type { FlagValues } from "./flags/flag-values.ts";

/** The engine of one command line: found and connected to on first use. */
export interface EngineConnection {
  /** The context in use, `default` when none is; there may be none of that name. */
  readonly contextName: string;
  /** The engine that flags and variables name, whatever the context. */
  readonly defaultEngine: EngineChoice;
  /** The engine that is talked to. `not-found` when the context is not there. */
  readonly engine: () => Promise<EngineChoice>;
  /** A bare connection to the engine. */
  readonly dial: Dial;
  readonly client: () => Promise<EngineClient>;
  readonly close: () => void;
}

/** By the global flags. `invalid-parameter` when they contradict each other. */
export function engineConnection(
  global: FlagValues,
  io: CliIo,
  config: CliConfig,
  clientVersion: string,
): EngineConnection {
  const context = contextName(global, io, config);
  const defaultEngine = namedEngine(global, io);
  let choice: Promise<EngineChoice> | undefined;
  const engine = (): Promise<EngineChoice> => (choice ??= chosenEngine(context, defaultEngine, io, config));
  let address: EngineAddress | undefined;
  let client: EngineClient | undefined;
  return {
    contextName: context,
    defaultEngine,
    engine,
    dial: async () => (address ??= engineAddress(await engine(), io)).dial(),
    client: async () => {
      address ??= engineAddress(await engine(), io);
      client ??= new EngineClient({
        dial: address.dial,
        hostName: address.name,
        httpHost: address.httpHost,
        userAgent: `Berth-Client/${clientVersion} (linux)`,
        ...(config.file.HttpHeaders === undefined ? {} : { headers: config.file.HttpHeaders }),
        ...(io.env["DOCKER_API_VERSION"] ? { apiVersion: io.env["DOCKER_API_VERSION"] } : {}),
      });
      return client;
    },
    close: () => client?.close(),
  };
}

/** The store of contexts is loaded by who uses one. */
async function chosenEngine(
  context: string,
  defaultEngine: EngineChoice,
  io: CliIo,
  config: CliConfig,
): Promise<EngineChoice> {
  if (context === "default") return defaultEngine;
  const { contextEngine } = await import("./context/context-engine.ts");
  return contextEngine(context, io, config);
}

import type { EngineClient } from "#client/engine-client.ts";
import type { Dial } from "#host/http/duplex.ts";
import type { CliIo } from "./cli-io.ts";
import type { CliConfig } from "./config/cli-config.ts";
import type { EngineChoice } from "./config/engine-choice.ts";
import { contextName, namedEngine } from "./config/global-flags.ts";
import type { FlagValues } from "./flags/flag-values.ts";
import type { ReachedEngine } from "./reach-engine.ts";

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
  let reached: Promise<ReachedEngine> | undefined;
  let client: EngineClient | undefined;
  const reach = (): Promise<ReachedEngine> => (reached ??= reachChosen(engine, io, config, clientVersion));
  return {
    contextName: context,
    defaultEngine,
    engine,
    dial: async () => (await reach()).dial(),
    client: async () => (client ??= (await reach()).client()),
    close: () => client?.close(),
  };
}

/** Who talks to no engine loads nothing that does. */
async function reachChosen(
  engine: () => Promise<EngineChoice>,
  io: CliIo,
  config: CliConfig,
  clientVersion: string,
): Promise<ReachedEngine> {
  const { reachEngine } = await import("./reach-engine.ts");
  return reachEngine(await engine(), io, config, clientVersion);
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

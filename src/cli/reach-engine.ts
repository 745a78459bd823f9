import { EngineClient } from "#client/engine-client.ts";
import type { Dial } from "#host/http/duplex.ts";
import type { CliIo } from "./cli-io.ts";
import type { CliConfig } from "./config/cli-config.ts";
import { engineAddress } from "./config/engine-address.ts";
import type { EngineChoice } from "./config/engine-choice.ts";

/** An engine whose address is known. */
export interface ReachedEngine {
  readonly dial: Dial;
  /** A client of its own for each call; the caller closes it. */
  readonly client: () => EngineClient;
}

/** Nothing is connected to yet. `invalid-parameter` for addresses nobody can dial. */
export function reachEngine(choice: EngineChoice, io: CliIo, config: CliConfig, clientVersion: string): ReachedEngine {
  const { dial, name, httpHost } = engineAddress(choice, io);
  return {
    dial,
    client: () =>
      new EngineClient({
        dial,
        hostName: name,
        httpHost,
        userAgent: `Berth-Client/${clientVersion} (linux)`,
        ...(config.file.HttpHeaders === undefined ? {} : { headers: config.file.HttpHeaders }),
        ...(io.env["DOCKER_API_VERSION"] ? { apiVersion: io.env["DOCKER_API_VERSION"] } : {}),
      }),
  };
}

import { BerthError, messageOf } from "#base/errors.ts";
import type { CliIo } from "../cli-io.ts";
import type { CliConfig } from "../config/cli-config.ts";
import { DEFAULT_HOST, type EngineChoice } from "../config/engine-choice.ts";
import { ENGINE_ENDPOINT } from "./context-metadata.ts";
import { ContextStore } from "./context-store.ts";

/** The engine of a stored context. `not-found` in docker's words when there is no such context. */
export function contextEngine(name: string, io: CliIo, config: CliConfig): EngineChoice {
  const store = new ContextStore(io, config.directory);
  try {
    const endpoint = store.read(name).Endpoints[ENGINE_ENDPOINT];
    const skipVerify = endpoint?.SkipTLSVerify === true;
    const files = store.tlsFileNames(name)[ENGINE_ENDPOINT] ?? [];
    const folder = `${store.tlsPath(name)}/${ENGINE_ENDPOINT}`;
    return {
      host: endpoint?.Host || DEFAULT_HOST,
      tls:
        files.length === 0 && !skipVerify
          ? undefined
          : {
              verify: !skipVerify,
              caPath: `${folder}/ca.pem`,
              certPath: `${folder}/cert.pem`,
              keyPath: `${folder}/key.pem`,
              systemAuthorities: true,
            },
    };
  } catch (cause) {
    throw new BerthError("not-found", `Failed to initialize: unable to resolve docker endpoint: ${messageOf(cause)}`, {
      cause,
      hint: "List the contexts with 'context ls', or go back with 'context use default'.",
    });
  }
}

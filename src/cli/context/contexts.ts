import type { Invocation } from "../command.ts";
import type { EngineChoice } from "../config/engine-choice.ts";
import {
  DEFAULT_CONTEXT,
  DEFAULT_DESCRIPTION,
  ENGINE_ENDPOINT,
  type ContextMetadata,
  type TlsFiles,
} from "./context-metadata.ts";
import { ContextStore } from "./context-store.ts";

/** A context with all that belongs to it. */
export interface LoadedContext {
  readonly metadata: ContextMetadata;
  readonly tls: TlsFiles;
}

export function contextStore({ io, config }: Pick<Invocation, "io" | "config">): ContextStore {
  return new ContextStore(io, config.directory);
}

/** The context of that name: a stored one, or what flags and variables say as `default`. */
export function loadContext(name: string, invocation: Invocation): LoadedContext {
  if (name === DEFAULT_CONTEXT) {
    return {
      metadata: defaultMetadata(invocation.defaultEngine),
      tls: defaultTls(invocation.defaultEngine, invocation.io),
    };
  }
  const store = contextStore(invocation);
  return { metadata: store.read(name), tls: store.tlsFiles(name) };
}

export function defaultMetadata({ host, tls }: EngineChoice): ContextMetadata {
  const SkipTLSVerify = tls !== undefined && !tls.verify;
  return {
    Name: DEFAULT_CONTEXT,
    Metadata: { Description: DEFAULT_DESCRIPTION },
    Endpoints: { [ENGINE_ENDPOINT]: { Host: host, SkipTLSVerify } },
  };
}

function defaultTls({ tls }: EngineChoice, io: Pick<Invocation["io"], "readBytes">): TlsFiles {
  if (tls === undefined) return {};
  const paths = { "ca.pem": tls.caPath, "cert.pem": tls.certPath, "key.pem": tls.keyPath };
  const files = Object.entries(paths).flatMap(([name, path]) => {
    const bytes = io.readBytes(path);
    return bytes === undefined ? [] : [[name, bytes] as const];
  });
  return files.length === 0 ? {} : { [ENGINE_ENDPOINT]: Object.fromEntries(files) };
}

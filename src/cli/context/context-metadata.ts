/**
 * What docker keeps of a context in `meta.json`: the file is shared with docker, so that fields nobody here knows are kept
 * as they came.
 */
export interface ContextMetadata {
  readonly Name: string;
  readonly Metadata: { readonly Description?: string };
  readonly Endpoints: Readonly<Record<string, ContextEndpoint>>;
}

export interface ContextEndpoint {
  /** As after `-H`; the default socket when it is missing. */
  readonly Host?: string;
  readonly SkipTLSVerify?: boolean;
}

/** Files by the name of their endpoint: `docker` has `ca.pem`, `cert.pem` and `key.pem`, each when it is needed. */
export type TlsFiles = Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>;

/** The endpoint that an engine's client asks for. */
export const ENGINE_ENDPOINT = "docker";
/** Means the flags and variables; never stored. */
export const DEFAULT_CONTEXT = "default";
export const DEFAULT_DESCRIPTION = "Current DOCKER_HOST based configuration";

/** Another registry, whose images are kept here when somebody pulls them. `remote/` implements it. */
export interface Upstream {
  /** The digest that a tag has now; undefined when there is no such tag. Throws when the registry cannot be asked. */
  digestOf(name: string, tag: string, signal: AbortSignal): Promise<string | undefined>;
  /** By tag or digest. */
  manifest(
    name: string,
    reference: string,
    signal: AbortSignal,
  ): Promise<{ readonly mediaType: string; readonly bytes: Uint8Array } | undefined>;
  blob(name: string, digest: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** Repositories below `prefix` are those of the upstream: `docker.io/library/busybox` is its `library/busybox`. */
export interface CachedUpstream {
  readonly prefix: string;
  readonly upstream: Upstream;
}

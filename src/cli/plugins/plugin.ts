/**
 * A program that adds a command, by the protocol of docker's plugins: a file `docker-NAME` in one of a few folders, which
 * answers `docker-cli-plugin-metadata` with a JSON document and otherwise gets the whole command line.
 */
export interface Plugin {
  readonly Name: string;
  readonly Path: string;
  readonly SchemaVersion?: string;
  readonly Vendor?: string;
  readonly Version?: string;
  readonly ShortDescription?: string;
  readonly URL?: string;
  /** Why it cannot be used; then the fields above it may be missing. */
  readonly Err?: string;
}

/** A file that may be a plugin. */
export interface PluginFile {
  readonly name: string;
  readonly path: string;
}

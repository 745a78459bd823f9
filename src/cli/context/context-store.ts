import { BerthError, messageOf } from "#base/errors.ts";
import { sha256Hex } from "#base/sha256.ts";
import type { CliIo } from "../cli-io.ts";
import type { ContextMetadata, TlsFiles } from "./context-metadata.ts";

type Io = Pick<CliIo, "readBytes" | "readFile" | "writeFile" | "exists" | "listFolder" | "removeFolder">;

/**
 * Docker's contexts on disk, one folder a context named by the SHA-256 of its name:
 *
 *   contexts/meta/<id>/meta.json      name, description, endpoints
 *   contexts/tls/<id>/docker/*.pem    what TLS needs, readable by its owner only
 */
export class ContextStore {
  readonly #io: Io;
  readonly #folder: string;

  /** `configFolder` is the one of config.json. */
  constructor(io: Io, configFolder: string) {
    this.#io = io;
    this.#folder = `${configFolder}/contexts`;
  }

  metadataPath(name: string): string {
    return `${this.#folder}/meta/${idOf(name)}`;
  }

  tlsPath(name: string): string {
    return `${this.#folder}/tls/${idOf(name)}`;
  }

  exists(name: string): boolean {
    return this.#io.exists(`${this.metadataPath(name)}/meta.json`);
  }

  /** All that can be read, in no order. */
  all(): readonly ContextMetadata[] {
    return this.#io
      .listFolder(`${this.#folder}/meta`)
      .flatMap((id) => this.#load(`${this.#folder}/meta/${id}/meta.json`) ?? []);
  }

  /** `not-found` in docker's words when there is none. */
  read(name: string): ContextMetadata {
    const path = `${this.metadataPath(name)}/meta.json`;
    const found = this.#load(path);
    if (found !== undefined) return found;
    throw new BerthError(
      "not-found",
      `context ${JSON.stringify(name)}: context not found: open ${path}: no such file or directory`,
    );
  }

  /** Names of the TLS files by endpoint; endpoints without any are left out. */
  tlsFileNames(name: string): Readonly<Record<string, readonly string[]>> {
    const folder = this.tlsPath(name);
    return Object.fromEntries(
      this.#io
        .listFolder(folder)
        .map((endpoint) => [endpoint, this.#io.listFolder(`${folder}/${endpoint}`).toSorted()] as const)
        .filter(([, files]) => files.length > 0),
    );
  }

  tlsFiles(name: string): TlsFiles {
    return Object.fromEntries(
      Object.entries(this.tlsFileNames(name)).map(([endpoint, files]) => [
        endpoint,
        Object.fromEntries(
          files.flatMap((file) => {
            const bytes = this.#io.readBytes(`${this.tlsPath(name)}/${endpoint}/${file}`);
            return bytes === undefined ? [] : [[file, bytes] as const];
          }),
        ),
      ]),
    );
  }

  write(metadata: ContextMetadata): void {
    this.#io.writeFile(`${this.metadataPath(metadata.Name)}/meta.json`, JSON.stringify(metadata), 0o644);
  }

  /** In place of all TLS files that the context had. */
  replaceTls(name: string, files: TlsFiles): void {
    this.#io.removeFolder(this.tlsPath(name));
    for (const [endpoint, ofEndpoint] of Object.entries(files))
      for (const [file, bytes] of Object.entries(ofEndpoint))
        this.#io.writeFile(`${this.tlsPath(name)}/${endpoint}/${file}`, bytes, 0o600);
  }

  remove(name: string): void {
    this.#io.removeFolder(this.metadataPath(name));
    this.#io.removeFolder(this.tlsPath(name));
  }

  #load(path: string): ContextMetadata | undefined {
    const content = this.#io.readFile(path);
    if (content === undefined) return undefined;
    try {
      const { Name, Metadata, Endpoints, ...others } = JSON.parse(content) as Partial<ContextMetadata>;
      if (typeof Name !== "string") throw new Error("it has no name");
      return { Name, Metadata: Metadata ?? {}, Endpoints: Endpoints ?? {}, ...others };
    } catch (cause) {
      throw new BerthError("invalid-parameter", `parsing ${path}: ${messageOf(cause)}`, {
        cause,
        hint: "Remove the file, or the folder it is in, and create the context again.",
      });
    }
  }
}

function idOf(name: string): string {
  return sha256Hex(name);
}

import type { Descriptor } from "#spec/oci/image.ts";
import type { CliIo } from "../cli-io.ts";
import type { CliConfig } from "../config/cli-config.ts";

/** One image of a manifest list that is being put together, as docker writes it too. */
export interface ListedManifest {
  /** Where it is: `host/name:tag` or `host/name@digest`. */
  readonly Ref: string;
  readonly Descriptor: Descriptor;
  /** The manifest's bytes in base64. */
  readonly Raw: string;
  readonly SchemaV2Manifest?: unknown;
  readonly OCIManifest?: unknown;
}

const FILE_MODE = 0o644;

/**
 * Manifest lists on their way to a registry, shared with docker: `manifests/LIST/MANIFEST` below the configuration's
 * folder, each a full name in which `/` is `_` and `:` is `-`.
 */
export class ListStore {
  readonly #io: Pick<CliIo, "readFile" | "writeFile" | "listFolder" | "removeFolder">;
  readonly #directory: string;

  constructor(io: Pick<CliIo, "readFile" | "writeFile" | "listFolder" | "removeFolder">, config: CliConfig) {
    this.#io = io;
    this.#directory = `${config.directory}/manifests`;
  }

  /** In the order of their names; none when there is no such list. */
  all(list: string): readonly ListedManifest[] {
    const names = this.#io.listFolder(this.#folder(list)).toSorted();
    return names.flatMap((name) => this.#read(`${this.#folder(list)}/${name}`) ?? []);
  }

  find(list: string, manifest: string): ListedManifest | undefined {
    return this.#read(this.#file(list, manifest));
  }

  save(list: string, manifest: ListedManifest): void {
    this.#io.writeFile(this.#file(list, manifest.Ref), JSON.stringify(manifest), FILE_MODE);
  }

  remove(list: string): void {
    this.#io.removeFolder(this.#folder(list));
  }

  #read(path: string): ListedManifest | undefined {
    const text = this.#io.readFile(path);
    return text === undefined ? undefined : (JSON.parse(text) as ListedManifest);
  }

  #folder(list: string): string {
    return `${this.#directory}/${fileName(list)}`;
  }

  #file(list: string, manifest: string): string {
    return `${this.#folder(list)}/${fileName(manifest)}`;
  }
}

/** No name leads out of the folder: a reference has no `..` and begins with a letter or digit. */
function fileName(reference: string): string {
  return reference.replaceAll(":", "-").replaceAll("/", "_");
}

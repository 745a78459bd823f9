import { dirname, isAbsolute, join } from "node:path";
import { BerthError, messageOf } from "#base/errors.ts";
import { projectFile } from "../model/project.ts";
import { service as serviceShape } from "../model/service.ts";
import {
  isNull,
  mappingNode,
  mapScalars,
  mistakeAt,
  plainValue,
  type ComposeNode,
  type MappingNode,
} from "../source/node.ts";
import { substitute } from "../source/substitute.ts";
import { readEnvironment, type FileReader } from "./read-environment.ts";
import { isRemoteFile, RemoteFileNeeded } from "./remote-files.ts";

/** Where a project's files come from. */
export interface ProjectReader extends FileReader {
  /** The documents of a YAML file. */
  parse(text: string, file: string): readonly ComposeNode[];
}

export interface FileOptions extends ProjectReader {
  readonly homeFolder: string;
  /** False leaves variables as they are written. */
  readonly interpolate: boolean;
  /** False leaves relative paths as they are written. */
  readonly resolvePaths: boolean;
  /** Where files of registries and git repositories are on this machine, by their addresses. */
  readonly fetched: ReadonlyMap<string, string>;
  onWarning(sentence: string): void;
}

interface Place {
  /** Relative paths start here. */
  readonly folder: string;
  readonly variables: ReadonlyMap<string, string>;
  /** Files being included, outermost first: to find a file that includes itself. */
  readonly including: readonly string[];
}

/** A standard input given as a file. */
export const standardInput = "-";

/**
 * Compose files read, substituted, made canonical, with what they extend and include, and merged in their order. Throws
 * `invalid-parameter` with file, line and key.
 */
export function readFiles(files: readonly string[], place: Place, options: FileOptions): MappingNode {
  let merged: ComposeNode | undefined;
  for (const file of files) {
    for (const document of readDocuments(file, place, options)) {
      const loaded = new FileLoader(file, document, merged as MappingNode | undefined, place, options).load();
      merged = merged === undefined ? loaded : projectFile.merge(merged, loaded);
    }
  }
  if (merged === undefined) throw new BerthError("invalid-parameter", `empty compose file: ${files.join(", ")}`);
  return merged as MappingNode;
}

function readDocuments(file: string, place: Place, options: FileOptions): readonly MappingNode[] {
  const text = options.readText(file);
  if (text === undefined) throw new BerthError("not-found", `open ${file}: no such file or directory`);
  const reading = {
    path: "",
    folder: options.resolvePaths ? place.folder : undefined,
    homeFolder: options.homeFolder,
    keepsVariables: !options.interpolate,
  };
  return options.parse(text, file).map((document) => {
    const substituted = options.interpolate ? substituteAll(document, place.variables, options) : document;
    return projectFile.canonical(substituted, reading) as MappingNode;
  });
}

function substituteAll(node: ComposeNode, variables: ReadonlyMap<string, string>, options: FileOptions): ComposeNode {
  const known = {
    value: (name: string) => variables.get(name),
    onUnset: (name: string) =>
      options.onWarning(`The ${JSON.stringify(name)} variable is not set. Defaulting to a blank string.`),
  };
  return mapScalars(node, (scalar, path) => {
    if (typeof scalar.value !== "string") return scalar;
    try {
      return { ...scalar, value: substitute(scalar.value, known) };
    } catch (error) {
      throw mistakeAt(scalar.at, `${path}: ${messageOf(error)}`);
    }
  });
}

class FileLoader {
  readonly #file: string;
  readonly #document: MappingNode;
  /** What earlier files gave. */
  readonly #before: MappingNode | undefined;
  readonly #place: Place;
  readonly #options: FileOptions;

  constructor(
    file: string,
    document: MappingNode,
    before: MappingNode | undefined,
    place: Place,
    options: FileOptions,
  ) {
    this.#file = file;
    this.#document = document;
    this.#before = before;
    this.#place = place;
    this.#options = options;
  }

  load(): ComposeNode {
    const services = this.#document.entries.get("services");
    const entries = new Map(this.#document.entries);
    if (services?.kind === "mapping") {
      entries.set(
        "services",
        mappingNode(
          [...services.entries].map(([name, node]) => [name, this.extended(name, node, [])] as const),
          services.at,
        ),
      );
    }
    entries.delete("include");
    const own = mappingNode(entries, this.#document.at);
    const included = this.#included();
    return included === undefined ? own : joinIncluded(included, own);
  }

  /** The service with what it extends below it. `chain`: those that are being extended, outermost first. */
  extended(name: string, node: ComposeNode, chain: readonly string[]): ComposeNode {
    if (node.kind !== "mapping") return node;
    const extending = node.entries.get("extends");
    if (extending?.kind !== "mapping") return node;
    const here = `${name} in ${this.#file}`;
    if (chain.includes(here))
      throw mistakeAt(
        extending.at,
        `Circular reference: ${[...chain, here].map((step) => `\n  ${step}`).join("\n  extends")}`,
      );
    const wanted = text(extending.entries.get("service"));
    const other = text(extending.entries.get("file"));
    const loader = other === "" ? this : this.#otherFile(other, extending);
    const base = loader.service(wanted) ?? (other === "" ? serviceOf(this.#before, wanted) : undefined);
    if (base === undefined)
      throw mistakeAt(
        extending.at,
        `cannot extend service ${JSON.stringify(name)} in ${this.#file}: service ${JSON.stringify(wanted)} not found${other === "" ? "" : ` in ${loader.#file}`}`,
      );
    const below = loader.extended(wanted, base, [...chain, here]) as MappingNode;
    const without = (entries: ReadonlyMap<string, ComposeNode>) => [...entries].filter(([key]) => key !== "extends");
    return serviceShape.merge(mappingNode(without(below.entries), below.at), {
      ...node,
      entries: new Map(without(node.entries)),
    });
  }

  service(name: string): ComposeNode | undefined {
    return serviceOf(this.#document, name);
  }

  #otherFile(written: string, extending: MappingNode): FileLoader {
    const file = this.#localFile(written, this.#place.folder);
    const place = { ...this.#place, folder: dirname(file) };
    let documents: readonly MappingNode[];
    try {
      documents = readDocuments(file, place, this.#options);
    } catch (error) {
      if (error instanceof BerthError && error.kind === "not-found") throw mistakeAt(extending.at, error.message);
      throw error;
    }
    const [document = mappingNode([], extending.at)] = documents;
    return new FileLoader(file, document, undefined, place, this.#options);
  }

  #localFile(written: string, folder: string): string {
    if (!isRemoteFile(written)) return isAbsolute(written) ? written : join(folder, written);
    const local = this.#options.fetched.get(written);
    if (local === undefined) throw new RemoteFileNeeded(written);
    return local;
  }

  #included(): MappingNode | undefined {
    const include = this.#document.entries.get("include");
    if (include?.kind !== "sequence") return undefined;
    let joined: MappingNode | undefined;
    for (const item of include.items as readonly MappingNode[]) {
      const one = this.#oneInclude(item);
      joined = joined === undefined ? one : joinIncluded(joined, one);
    }
    return joined;
  }

  #oneInclude(item: MappingNode): MappingNode {
    const from = (written: string, folder: string): string => (isAbsolute(written) ? written : join(folder, written));
    const files = texts(item.entries.get("path")).map((path) => this.#localFile(path, this.#place.folder));
    const [first = ""] = files;
    const folder = item.entries.has("project_directory")
      ? from(text(item.entries.get("project_directory")), this.#place.folder)
      : dirname(first);
    for (const file of files) {
      if (this.#place.including.includes(file))
        throw mistakeAt(
          item.at,
          `include cycle detected:\n${[...this.#place.including, file].map((step) => `  ${step}`).join("\n  include ")}`,
        );
    }
    const environmentFiles = item.entries.has("env_file")
      ? texts(item.entries.get("env_file")).map((file) => from(file, this.#place.folder))
      : [join(folder, ".env")].filter((file) => this.#options.readText(file) !== undefined);
    const variables = readEnvironment(environmentFiles, this.#place.variables, this.#options);
    const place = { folder, variables, including: [...this.#place.including, ...files] };
    try {
      return readFiles(files, place, this.#options);
    } catch (error) {
      if (error instanceof BerthError && error.kind === "not-found") throw mistakeAt(item.at, error.message);
      throw error;
    }
  }
}

const resourceKinds = ["services", "networks", "volumes", "configs", "secrets", "models"];

/** What is included may be said twice in the same words; `own` may not change it (14-include.md). */
function joinIncluded(included: MappingNode, own: MappingNode): MappingNode {
  for (const kind of resourceKinds) {
    const [theirs, ours] = [included.entries.get(kind), own.entries.get(kind)];
    if (theirs?.kind !== "mapping" || ours?.kind !== "mapping") continue;
    for (const [name, node] of ours.entries) {
      const other = theirs.entries.get(name);
      if (other === undefined || JSON.stringify(plainValue(other)) === JSON.stringify(plainValue(node))) continue;
      throw mistakeAt(node.at, `${kind}.${name} conflicts with imported resource`);
    }
  }
  const entries = new Map(own.entries);
  for (const [key, node] of included.entries) {
    const ours = entries.get(key);
    if (key === "name" || key === "version") continue;
    if (ours === undefined || isNull(ours)) entries.set(key, node);
    else if (ours.kind === "mapping" && node.kind === "mapping")
      entries.set(key, mappingNode([...node.entries, ...ours.entries], ours.at));
  }
  return mappingNode(entries, own.at);
}

function serviceOf(document: MappingNode | undefined, name: string): ComposeNode | undefined {
  const services = document?.entries.get("services");
  return services?.kind === "mapping" ? services.entries.get(name) : undefined;
}

const text = (node: ComposeNode | undefined): string =>
  node?.kind === "scalar" && node.value !== null ? String(node.value) : "";
const texts = (node: ComposeNode | undefined): readonly string[] =>
  node?.kind === "sequence" ? node.items.map(text) : [];

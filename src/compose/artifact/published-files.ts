import { basename, isAbsolute, join } from "node:path";
import { parseDocument, type Document } from "yaml";
import { BerthError } from "#base/errors.ts";
import { sha256Hex } from "#base/sha256.ts";
import { isRemoteFile } from "../load/remote-files.ts";
import { standardInput } from "../load/read-files.ts";
import type { Project } from "../load/project.ts";
import { substitute } from "../source/substitute.ts";
import type { ProjectFile } from "./write-artifact.ts";

type Path = readonly (string | number)[];

/**
 * A project's files as they are published: as they are written, variables too, but for the names of files that they extend and
 * read variables from; these travel under names that tell nothing of this machine. `invalid-parameter` for files that include
 * others of this machine.
 */
export function filesToPublish(
  project: Project,
  readText: (path: string) => string | undefined,
): readonly ProjectFile[] {
  const found = new Map<string, ProjectFile>();
  const publishing = new Publishing(project, readText, found);
  const own = project.files.map((file): ProjectFile => {
    if (file === standardInput)
      throw new BerthError("invalid-parameter", "what comes from standard input cannot be published");
    return { kind: "project", name: basename(file), content: publishing.text(file), from: file };
  });
  return [...own, ...found.values()];
}

class Publishing {
  readonly #project: Project;
  readonly #readText: (path: string) => string | undefined;
  /** What the files name, by path. */
  readonly #found: Map<string, ProjectFile>;

  constructor(project: Project, readText: (path: string) => string | undefined, found: Map<string, ProjectFile>) {
    this.#project = project;
    this.#readText = readText;
    this.#found = found;
  }

  /** A file's text with other names in it. */
  text(file: string): string {
    const text = this.#readText(file);
    if (text === undefined) throw new BerthError("not-found", `open ${file}: no such file or directory`);
    const document = parseDocument(text, { logLevel: "silent", keepSourceTokens: true });
    const root = document.toJS() as { readonly include?: unknown; readonly services?: unknown } | null;
    for (const path of includedPaths(root?.include)) {
      if (!isRemoteFile(path))
        throw new BerthError("invalid-parameter", "cannot publish compose file with local includes", {
          hint: `${file} includes ${path}.`,
        });
    }
    const changes = Object.entries((root?.services ?? {}) as Readonly<Record<string, unknown>>).flatMap(
      ([service, value]) => this.#renamed(service, value, file),
    );
    for (const [path, name] of changes) document.setIn(path, name);
    return changes.length === 0 ? text : printed(document);
  }

  #renamed(service: string, value: unknown, file: string): readonly (readonly [Path, string])[] {
    const { env_file: environment, extends: base } = (value ?? {}) as Readonly<Record<string, unknown>>;
    const at: Path = ["services", service];
    const changes: (readonly [Path, string])[] = [];
    const files = Array.isArray(environment) ? (environment as readonly unknown[]) : [environment];
    for (const [index, item] of files.entries()) {
      const here: Path = [...at, "env_file", ...(Array.isArray(environment) ? [index] : [])];
      if (typeof item === "string") changes.push([here, this.#environmentFile(item)]);
      else if (typeof item === "object" && item !== null && "path" in item)
        changes.push([[...here, "path"], this.#environmentFile(String(item.path))]);
    }
    const extended = typeof base === "object" && base !== null && "file" in base ? String(base.file) : undefined;
    if (extended !== undefined && !isRemoteFile(extended))
      changes.push([[...at, "extends", "file"], this.#extendedFile(extended, file)]);
    return changes;
  }

  #environmentFile(written: string): string {
    const path = this.#absolute(written);
    const name = `${sha256Hex(path)}.env`;
    const content = this.#readText(path);
    if (content !== undefined) this.#found.set(path, { kind: "environment", name, content, from: path });
    return name;
  }

  #extendedFile(written: string, by: string): string {
    const path = this.#absolute(written);
    const name = `${sha256Hex(path)}.yaml`;
    if (!this.#found.has(path)) {
      if (path === by) return basename(by);
      this.#found.set(path, { kind: "extended", name, content: "", from: path });
      this.#found.set(path, { kind: "extended", name, content: this.text(path), from: path });
    }
    return name;
  }

  #absolute(written: string): string {
    const { environment, workingDirectory } = this.#project;
    const path = substitute(written, { value: (name) => environment.get(name) });
    return isAbsolute(path) ? path : join(workingDirectory, path);
  }
}

/** Long lines stay as they are. */
const printed = (document: Document): string => document.toString({ lineWidth: 0 });

function includedPaths(include: unknown): readonly string[] {
  if (!Array.isArray(include)) return [];
  return include.flatMap((item: unknown) => {
    const path = typeof item === "object" && item !== null && "path" in item ? item.path : item;
    return (Array.isArray(path) ? path : [path]).map(String);
  });
}

import { join } from "node:path";
import { sha256Hex } from "#base/sha256.ts";
import type { CliIo } from "#cli/cli-io.ts";
import type { ComposeNode } from "../source/node.ts";
import { restoreNodes, storeNodes } from "../source/stored-nodes.ts";
import { standardInput } from "../load/read-files.ts";
import { cacheFolder } from "./cache-folder.ts";

type Parse = (text: string, file: string) => readonly ComposeNode[];

/** Of source/parse-yaml.ts: what another parser made of a file is not believed. A test tells when it has to change. */
export const parserVersion = "8495b360e381";
/** Larger files are parsed each time. */
const maxLength = 1 << 20;

/** Reading begins anew when the parser has been loaded. */
export class ParserNeeded extends Error {}

/**
 * Compose files as nodes. The YAML parser costs more than everything else that a command does, so what it made of a file is
 * kept in the person's cache, one entry for each path, and counts as long as the file's text is the same.
 */
export class ParsedFiles {
  readonly #io: CliIo;
  #parse: Parse | undefined;

  constructor(io: CliIo) {
    this.#io = io;
  }

  /** Files that are not in the cache can be parsed from now on. */
  async loadParser(): Promise<void> {
    this.#parse = (await import("../source/parse-yaml.ts")).parseYaml;
  }

  /** Throws {@link ParserNeeded} when the file is not in the cache and there is no parser yet. */
  read(text: string, file: string): readonly ComposeNode[] {
    if (file === standardInput || text.length > maxLength) return this.#parsed(text, file);
    const entry = join(cacheFolder(this.#io), "parsed", sha256Hex(file).slice(0, 32));
    const head = `${parserVersion} ${sha256Hex(text)}\n`;
    const known = this.#known(entry, head, file);
    if (known !== undefined) return known;
    const nodes = this.#parsed(text, file);
    const written = storeNodes(nodes);
    if (written !== undefined) this.#keep(entry, head + written);
    return nodes;
  }

  #parsed(text: string, file: string): readonly ComposeNode[] {
    if (this.#parse === undefined) throw new ParserNeeded();
    return this.#parse(text, file);
  }

  #known(entry: string, head: string, file: string): readonly ComposeNode[] | undefined {
    try {
      const found = this.#io.readFile(entry);
      return found?.startsWith(head) === true ? restoreNodes(found.slice(head.length), file) : undefined;
    } catch {
      // It was cut off, or is not ours to read.
      return undefined;
    }
  }

  #keep(entry: string, content: string): void {
    try {
      this.#io.writeFile(entry, content, 0o600);
    } catch {
      // Nobody waits for it: the file is parsed again the next time.
    }
  }
}

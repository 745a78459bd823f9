import { dirname, normalize } from "node:path/posix";
import { BerthError, cancelled } from "#base/errors.ts";
import { TarReader, type TarEntry, type TarSink } from "#spec/tar/tar-reader.ts";
import type { IncomingLayer } from "../make/incoming-layer.ts";

/** What a member of an image archive turned out to be. */
export type ArchiveMember =
  | { readonly kind: "document"; readonly bytes: Uint8Array }
  | { readonly kind: "layer"; readonly layer: IncomingLayer };

const MAX_MEMBERS = 50_000;
/** Manifests, configs and their like: one alone, and all together. */
const MAX_DOCUMENT_SIZE = 8 << 20;
const MAX_DOCUMENTS_SIZE = 64 << 20;
/** The smallest layer is one header and the end mark. */
const SMALLEST_LAYER = 512;
const MAX_LINKS = 16;

type Step =
  | { readonly kind: "begin"; readonly name: string; readonly size: number }
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "end" };

/**
 * The members of an image archive (docker-archive or OCI layout in a tar), taken in one pass: documents are kept in
 * memory, everything else is taken for a layer and unpacked while it comes in, because only what stands in the documents,
 * which may come last, tells what it is. Names are looked up here alone, so no name leads to a file of this machine.
 */
export class ArchiveMembers {
  readonly #newLayer: () => IncomingLayer;
  readonly #members = new Map<string, ArchiveMember>();
  readonly #links = new Map<string, string>();
  #documentsSize = 0;

  constructor(newLayer: () => IncomingLayer) {
    this.#newLayer = newLayer;
  }

  /** `invalid-parameter` for what is no archive, `resource-exhausted` for one that is too large. */
  async receive(archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const steps: Step[] = [];
    const reader = new TarReader(new StepSink(steps, this.#links));
    let current: OpenMember | undefined;
    const carryOut = async (): Promise<void> => {
      for (const step of steps.splice(0)) {
        if (step.kind === "begin") current = { ...step, chunks: [], layer: undefined };
        else if (current === undefined) continue;
        else if (step.kind === "data") await this.#take(current, step.bytes);
        else await this.#close(current);
      }
    };
    try {
      for await (const chunk of archive) {
        if (signal.aborted) throw cancelled();
        reader.push(chunk);
        await carryOut();
      }
      reader.end();
    } catch (error) {
      await current?.layer?.abort();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** `invalid-parameter` in Docker's words when there is no such member, or when it is no document. */
  document(name: string): Uint8Array {
    const found = this.#find(name);
    if (found?.kind === "document") return found.bytes;
    throw new BerthError(
      "invalid-parameter",
      found === undefined ? `open ${name}: no such file or directory` : `${name} is too large for a document`,
    );
  }

  /** Any member, also one named by a link. `invalid-parameter` when there is none. */
  member(name: string): ArchiveMember {
    const found = this.#find(name);
    if (found !== undefined) return found;
    throw new BerthError("invalid-parameter", `open ${name}: no such file or directory`);
  }

  /** Throw away every layer that was not taken. */
  async close(): Promise<void> {
    for (const member of this.#members.values()) if (member.kind === "layer") await member.layer.abort();
  }

  async #take(open: OpenMember, bytes: Uint8Array): Promise<void> {
    if (open.layer === undefined && !isDocument(open, bytes)) {
      open.layer = this.#newLayer();
      for (const chunk of open.chunks.splice(0)) await open.layer.write(chunk);
    }
    if (open.layer !== undefined) {
      await open.layer.write(bytes);
      return;
    }
    this.#documentsSize += bytes.length;
    if (this.#documentsSize > MAX_DOCUMENTS_SIZE) {
      throw new BerthError("invalid-parameter", "invalid archive: its documents are too large");
    }
    open.chunks.push(bytes);
  }

  async #close(open: OpenMember): Promise<void> {
    await open.layer?.end();
    const member: ArchiveMember =
      open.layer === undefined
        ? { kind: "document", bytes: Buffer.concat(open.chunks) }
        : { kind: "layer", layer: open.layer };
    if (this.#members.size >= MAX_MEMBERS) {
      throw new BerthError("invalid-parameter", `invalid archive: more than ${MAX_MEMBERS} members`);
    }
    const before = this.#members.get(open.name);
    this.#members.set(open.name, member);
    if (before?.kind === "layer") await before.layer.abort();
    open.layer = undefined;
  }

  #find(name: string): ArchiveMember | undefined {
    let path = memberName(name);
    for (let links = 0; links < MAX_LINKS; links++) {
      const target = this.#links.get(path);
      if (target === undefined || this.#members.has(path)) return this.#members.get(path);
      path = target;
    }
    return undefined;
  }
}

interface OpenMember {
  readonly name: string;
  readonly size: number;
  readonly chunks: Uint8Array[];
  layer: IncomingLayer | undefined;
}

/** Documents are JSON, or tiny as Docker's old VERSION files. Told by the first piece. */
function isDocument(open: OpenMember, bytes: Uint8Array): boolean {
  if (open.chunks.length > 0) return true;
  if (open.size < SMALLEST_LAYER) return true;
  return open.size <= MAX_DOCUMENT_SIZE && (bytes[0] === 0x7b || bytes[0] === 0x5b);
}

/** Turns the reader's calls into steps that can be waited for. */
class StepSink implements TarSink {
  readonly #steps: Step[];
  readonly #links: Map<string, string>;
  #isFile = false;

  constructor(steps: Step[], links: Map<string, string>) {
    this.#steps = steps;
    this.#links = links;
  }

  entry(entry: TarEntry): void {
    const name = memberName(entry.name);
    this.#isFile = entry.type === "file";
    if (entry.type === "symlink") this.#link(name, memberName(`${dirname(name)}/${entry.linkName}`));
    if (entry.type === "hardlink") this.#link(name, memberName(entry.linkName));
    if (!this.#isFile) return;
    this.#steps.push({ kind: "begin", name, size: entry.size });
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    // The chunk is the archive's receiver's for good, so its parts may be kept.
    if (this.#isFile) this.#steps.push({ kind: "data", bytes: chunk.subarray(start, end) });
  }

  entryEnd(): void {
    if (this.#isFile) this.#steps.push({ kind: "end" });
  }

  #link(name: string, target: string): void {
    if (this.#links.size >= MAX_MEMBERS) {
      throw new BerthError("invalid-parameter", `invalid archive: more than ${MAX_MEMBERS} members`);
    }
    this.#links.set(name, target);
  }
}

/** `./a//b/../c` is `a/c`; what leads above the archive's root stays at its root. */
function memberName(name: string): string {
  return normalize(`/${name}`).slice(1);
}

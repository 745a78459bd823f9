import { BerthError, messageOf } from "#base/errors.ts";
import { encodeEntry, END_OF_ARCHIVE, paddingOf } from "#spec/tar/encode-entry.ts";
import { plainEntry } from "#spec/tar/plain-entry.ts";
import { tarMembers } from "../image/tar-members.ts";
import type { ContextMetadata } from "./context-metadata.ts";
import type { LoadedContext } from "./contexts.ts";
import { isZip, zipMembers } from "./zip-members.ts";

/** More is no context. */
const MAX_BYTES = 10 << 20;

/** A context as docker exports it: `meta.json` and `tls/<endpoint>/<file>` in a tar archive; the same bytes each time. */
export function encodeContext({ metadata, tls }: LoadedContext): Uint8Array {
  const members = [member("meta.json", 0o644, Buffer.from(JSON.stringify(metadata)))];
  const endpoints = Object.entries(tls);
  if (endpoints.length > 0) members.push(member("tls", 0o700));
  for (const [endpoint, files] of endpoints) {
    members.push(member(`tls/${endpoint}`, 0o700));
    for (const [file, bytes] of Object.entries(files)) members.push(member(`tls/${endpoint}/${file}`, 0o600, bytes));
  }
  return Buffer.concat([...members, END_OF_ARCHIVE]);
}

/** What {@link encodeContext} or docker wrote, tar or zip. `invalid-parameter` for anything else. */
export async function decodeContext(source: AsyncIterable<Uint8Array>): Promise<LoadedContext> {
  const archive = await bounded(source);
  const files = isZip(archive) ? zipMembers(archive) : await tarFiles(archive);
  let metadata: ContextMetadata | undefined;
  const tls: Record<string, Record<string, Uint8Array>> = {};
  for (const [name, bytes] of files) {
    if (name === "meta.json") metadata = decodeMetadata(bytes);
    else {
      const [folder, endpoint = "", file = "", ...rest] = name.split("/");
      if (folder !== "tls" || file === "" || rest.length > 0 || [endpoint, file].some(escapes))
        throw new BerthError("invalid-parameter", `${name}: unexpected context file`);
      (tls[endpoint] ??= {})[file] = bytes;
    }
  }
  if (metadata === undefined) throw new BerthError("invalid-parameter", "invalid context: no metadata found");
  return { metadata, tls };
}

function member(name: string, mode: number, bytes?: Uint8Array): Uint8Array {
  const size = bytes?.length ?? 0;
  const entry = { ...plainEntry(bytes === undefined ? "directory" : "file", name, size), mode };
  return Buffer.concat([encodeEntry(entry), bytes ?? new Uint8Array(), new Uint8Array(paddingOf(size))]);
}

async function bounded(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > MAX_BYTES)
      throw new BerthError("invalid-parameter", `invalid context: it is larger than ${String(MAX_BYTES)} bytes`);
    chunks.push(chunk.slice());
  }
  return Buffer.concat(chunks);
}

async function tarFiles(archive: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  async function* whole(): AsyncGenerator<Uint8Array, void> {
    yield archive;
    // docker-compat: it leaves out the last file's padding and the end.
    yield new Uint8Array(paddingOf(archive.length));
    yield END_OF_ARCHIVE;
  }
  const members = await tarMembers(whole(), {
    onData: ({ name }, bytes) => files.set(name, Buffer.concat([files.get(name) ?? new Uint8Array(), bytes])),
  });
  for (const { entry } of members)
    if (entry.type !== "directory" && entry.type !== "file")
      throw new BerthError("invalid-parameter", `${entry.name}: unexpected context file`);
  return files;
}

function decodeMetadata(bytes: Uint8Array): ContextMetadata {
  try {
    const { Metadata, Endpoints, ...others } = JSON.parse(Buffer.from(bytes).toString("utf8")) as ContextMetadata;
    return { ...others, Metadata: Metadata ?? {}, Endpoints: Endpoints ?? {} };
  } catch (cause) {
    throw new BerthError("invalid-parameter", `invalid context: meta.json: ${messageOf(cause)}`, { cause });
  }
}

function escapes(part: string): boolean {
  return part === "" || part === "." || part === ".." || part.includes("\\");
}

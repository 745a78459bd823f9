import { gunzipSync, gzipSync } from "node:zlib";
import { BerthError, messageOf } from "#base/errors.ts";
import { sha256Hex } from "#base/sha256.ts";
import { encodeEntry, END_OF_ARCHIVE, paddingOf } from "#spec/tar/encode-entry.ts";
import { tarMembers } from "../../image/tar-members.ts";

/** A build that was, as it is handed on. */
export interface BundledBuild {
  /** A `BuildHistoryEntry`; what was read from a bundle is for the engine to judge. */
  readonly entry: unknown;
  /** A `BuildLine` a line. */
  readonly log: Uint8Array;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const RECORD = "application/vnd.berth.build.v1+json";
const LOG = "application/vnd.berth.build.log.v1+ndjson";
/** A hundred builds of as much as is kept of each. */
const MAX_BYTES = 512 << 20;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Builds as a file: an OCI image layout in a tar archive, packed by gzip, in which each build is an artifact whose config is
 * its record and whose layer is its log. The same bytes each time.
 */
export function encodeBundle(builds: readonly BundledBuild[]): Uint8Array {
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const hex = sha256Hex(bytes);
    blobs.set(hex, bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const manifests = builds.map(({ entry, log }) => {
    const config = add(RECORD, json(entry));
    const layers = [add(LOG, log)];
    return add(MANIFEST, json({ schemaVersion: 2, mediaType: MANIFEST, artifactType: RECORD, config, layers }));
  });
  const members = [
    member("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    member("index.json", json({ schemaVersion: 2, mediaType: INDEX, manifests })),
    ...[...blobs].map(([hex, bytes]) => member(`blobs/sha256/${hex}`, bytes)),
  ];
  return gzipSync(Buffer.concat([...members, END_OF_ARCHIVE]));
}

/** What {@link encodeBundle} wrote. `invalid-parameter` for anything else. */
export async function decodeBundle(source: AsyncIterable<Uint8Array>): Promise<readonly BundledBuild[]> {
  const files = await filesOf(await unpacked(source));
  const blob = ({ digest }: Partial<Descriptor>): Uint8Array => {
    const [algorithm, hex = ""] = String(digest).split(":");
    const bytes = files.get(`blobs/${algorithm}/${hex}`);
    if (bytes === undefined || sha256Hex(bytes) !== hex)
      throw invalid(`its blob ${String(digest)} is missing or damaged`);
    return bytes;
  };
  const { manifests } = parsed(files.get("index.json"), "it has no index.json");
  if (!Array.isArray(manifests)) throw invalid("its index lists nothing");
  return manifests.map((descriptor: unknown) => {
    const { config, layers } = parsed(blob(descriptor ?? {}), "");
    const { mediaType } = (config ?? {}) as Partial<Descriptor>;
    if (mediaType !== RECORD)
      throw new BerthError("not-implemented", `a build of type ${String(mediaType)} cannot be imported`, {
        hint: "Bundles of BuildKit's builds are for Docker Desktop.",
      });
    const log = Array.isArray(layers)
      ? (layers as Partial<Descriptor>[]).find((one) => one.mediaType === LOG)
      : undefined;
    const entry = parsed(blob(config as Descriptor), "");
    return { entry, log: log === undefined ? new Uint8Array() : blob(log) };
  });
}

async function unpacked(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > MAX_BYTES) throw invalid(`it is larger than ${String(MAX_BYTES)} bytes`);
    chunks.push(chunk.slice());
  }
  const bytes = Buffer.concat(chunks);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw invalid(messageOf(cause), cause);
  }
}

async function filesOf(archive: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const parts = new Map<string, Uint8Array[]>();
  async function* whole(): AsyncGenerator<Uint8Array, void> {
    yield archive;
  }
  try {
    const members = await tarMembers(whole(), {
      onData: ({ name }, bytes) => parts.set(name, [...(parts.get(name) ?? []), bytes.slice()]),
    });
    const files = members.filter(({ entry }) => entry.type === "file");
    return new Map(
      files.map(({ entry: { name } }) => [name.replace(/^\.\//, ""), Buffer.concat(parts.get(name) ?? [])]),
    );
  } catch (cause) {
    throw invalid(messageOf(cause), cause);
  }
}

function parsed(bytes: Uint8Array | undefined, missing: string): Readonly<Record<string, unknown>> {
  if (bytes === undefined) throw invalid(missing);
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below.
  }
  throw invalid("one of its documents is no JSON object");
}

function member(name: string, bytes: Uint8Array): Uint8Array {
  const head = encodeEntry({
    ...{ type: "file", name, linkName: "", mode: 0o644, uid: 0, gid: 0, size: bytes.length },
    ...{ mtime: { seconds: 0, nanoseconds: 0 }, deviceMajor: 0, deviceMinor: 0, xattrs: undefined },
  });
  return Buffer.concat([head, bytes, new Uint8Array(paddingOf(bytes.length))]);
}

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

const invalid = (why: string, cause?: unknown): BerthError =>
  new BerthError("invalid-parameter", `this is no bundle of builds: ${why}`, { cause });

import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { encodeEntry, END_OF_ARCHIVE, paddingOf } from "#spec/tar/encode-entry.ts";
import { decodeBundle, encodeBundle } from "./build-bundle.ts";

const builds = [
  { entry: { id: "one" }, log: new TextEncoder().encode('{"type":"done"}\n') },
  { entry: { id: "two" }, log: new Uint8Array() },
];

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
}

test("what is bundled is read again, packed or not, with the same bytes each time", async () => {
  const bundle = encodeBundle(builds);
  expect(encodeBundle(builds)).toEqual(bundle);
  for (const bytes of [bundle, gunzipSync(bundle)]) {
    const read = await decodeBundle(chunks(bytes));
    expect(read.map(({ entry, log }) => ({ entry, log: new Uint8Array(log) }))).toEqual(builds);
  }
});

test("what is damaged, cut off or something else is refused", async () => {
  const bundle = encodeBundle(builds);
  const plain = gunzipSync(bundle);
  const read = (bytes: Uint8Array): Promise<unknown> => decodeBundle(chunks(bytes));
  const changed = Buffer.from(plain.toString("latin1").replace('"done"', '"gone"'), "latin1");
  expect(read(changed)).rejects.toThrow("is missing or damaged");
  expect(read(bundle.subarray(0, 200))).rejects.toThrow("this is no bundle of builds");
  expect(read(plain.subarray(0, 700))).rejects.toThrow("this is no bundle of builds");
  expect(read(Buffer.from("text"))).rejects.toThrow("this is no bundle of builds");
  expect(read(new Uint8Array(1024))).rejects.toThrow("it has no index.json");
});

test("a record of BuildKit's is refused by name", async () => {
  const digest = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");
  const config = { mediaType: "application/vnd.buildkit.historyrecord.v0", digest: `sha256:${digest("{}")}`, size: 2 };
  const manifest = JSON.stringify({ schemaVersion: 2, config, layers: [] });
  const index = JSON.stringify({ schemaVersion: 2, manifests: [{ digest: `sha256:${digest(manifest)}` }] });
  const member = (name: string, text: string): Uint8Array => {
    const head = encodeEntry({
      ...{ type: "file", name, linkName: "", mode: 0o644, uid: 0, gid: 0, size: text.length },
      ...{ mtime: { seconds: 0, nanoseconds: 0 }, deviceMajor: 0, deviceMinor: 0, xattrs: undefined },
    });
    return Buffer.concat([head, Buffer.from(text), new Uint8Array(paddingOf(text.length))]);
  };
  const members = [member("./index.json", index), member(`./blobs/sha256/${digest(manifest)}`, manifest)];
  const bytes = Buffer.concat([...members, END_OF_ARCHIVE]);
  expect(decodeBundle(chunks(bytes))).rejects.toThrow("of type application/vnd.buildkit.historyrecord.v0");
});

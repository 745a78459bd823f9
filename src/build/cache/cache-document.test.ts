import { expect, test } from "bun:test";
import { CACHE_CONFIG_TYPE, cacheIn } from "./cache-document.ts";

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const record = { keys: ["k"], outputKey: "o", description: "RUN x", createdAt: "2026-01-01T00:00:00Z", sizeBytes: 1 };

test("a cache of its own, and one in an image", () => {
  const document = { version: 1, layers: ["sha256:a"], records: [{ ...record, layer: 0 }, record] };
  expect(cacheIn(bytes(document), CACHE_CONFIG_TYPE)).toEqual(document as never);
  const mounted = { ...document, mounts: [{ id: "/root/.npm", layer: 1 }] };
  expect(cacheIn(bytes(mounted), CACHE_CONFIG_TYPE)).toEqual(mounted as never);
  const image = {
    rootfs: { diff_ids: ["sha256:b"] },
    "berth.cache.v1": { version: 1, records: [{ ...record, layer: 0 }] },
  };
  expect(cacheIn(bytes(image), "application/vnd.oci.image.config.v1+json")?.layers).toEqual(["sha256:b"]);
  expect(cacheIn(bytes({ rootfs: { diff_ids: [] } }), "application/vnd.oci.image.config.v1+json")).toBeUndefined();
});

test.each([
  [{ version: 2, records: [] }, "its version is 2"],
  [{ version: 1, layers: [1], records: [] }, "its layers are no list"],
  [{ version: 1, layers: [] }, "it has no records"],
  [{ version: 1, layers: [], records: [{ ...record, keys: "k" }] }, "a record is not whole"],
  [{ version: 1, layers: [], records: [{ ...record, layer: 0 }] }, "a layer that is not there"],
  [{ version: 1, layers: ["sha256:a"], records: [{ ...record, layer: -1 }] }, "a layer that is not there"],
  [{ version: 1, layers: [], records: [], mounts: {} }, "its cache mounts are no list"],
  [{ version: 1, layers: [], records: [], mounts: [{ id: "x" }] }, "a cache mount is not whole"],
])("what cannot be read is refused: %j", (document, why) => {
  expect(() => cacheIn(bytes(document), CACHE_CONFIG_TYPE)).toThrow(why);
});

test("what is no JSON is refused", () => {
  expect(() => cacheIn(Buffer.from("{"), CACHE_CONFIG_TYPE)).toThrow("the cache is no JSON");
});

import { describe, expect, test } from "bun:test";
import { isBerthError } from "#base/errors.ts";
import { MEDIA_TYPE } from "./media-types.ts";
import { parseImageConfig, parseManifestDocument } from "./parse-image.ts";

const digest = `sha256:${"0".repeat(64)}`;
const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const descriptor = { mediaType: MEDIA_TYPE.ociConfig, digest, size: 2 };
const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: descriptor, layers: [] };

function kindOf(work: () => unknown): string {
  try {
    work();
    return "fine";
  } catch (error) {
    return isBerthError(error) ? error.kind : String(error);
  }
}

describe("parseManifestDocument", () => {
  test("tells manifests from indexes by their own word, the registry's, or their fields", () => {
    const index = {
      schemaVersion: 2,
      manifests: [{ ...descriptor, platform: { os: "linux", architecture: "amd64" } }],
    };
    const { mediaType: _, ...bare } = manifest;
    expect(parseManifestDocument(bytes(manifest), "").kind).toBe("manifest");
    expect(parseManifestDocument(bytes(bare), MEDIA_TYPE.dockerManifest).kind).toBe("manifest");
    expect(parseManifestDocument(bytes(bare), "application/octet-stream").kind).toBe("manifest");
    expect(parseManifestDocument(bytes(index), "").kind).toBe("index");
    expect(parseManifestDocument(bytes(index), `${MEDIA_TYPE.dockerManifestList}; charset=utf-8`).kind).toBe("index");
  });

  test.each([
    ["not JSON", "{", "invalid-parameter"],
    ["no object", "[]", "invalid-parameter"],
    ["invalid UTF-8", "\ud800", "invalid-parameter"],
    ["no version", { ...manifest, schemaVersion: undefined }, "invalid-parameter"],
    ["schema 1", { schemaVersion: 1, fsLayers: [] }, "not-implemented"],
    ["both kinds at once (CVE-2021-41190)", { ...manifest, manifests: [] }, "invalid-parameter"],
    ["another kind than the registry says", { ...manifest, mediaType: MEDIA_TYPE.ociIndex }, "invalid-parameter"],
    ["bad digest", { ...manifest, config: { ...descriptor, digest: "sha256:../../etc" } }, "invalid-parameter"],
    ["negative size", { ...manifest, config: { ...descriptor, size: -1 } }, "invalid-parameter"],
    ["fractional size", { ...manifest, config: { ...descriptor, size: 1.5 } }, "invalid-parameter"],
    ["layers no list", { ...manifest, layers: {} }, "invalid-parameter"],
    ["too many layers", { ...manifest, layers: Array.from({ length: 5000 }, () => descriptor) }, "invalid-parameter"],
    ["no config", { ...manifest, config: undefined }, "invalid-parameter"],
  ])("refuses: %s", (_name, value, kind) => {
    expect(kindOf(() => parseManifestDocument(bytes(value), MEDIA_TYPE.ociManifest))).toBe(kind);
  });
});

describe("parseImageConfig", () => {
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [digest] } };

  test("drops nulls and keeps Docker's extensions", () => {
    const parsed = parseImageConfig(
      bytes({
        ...config,
        config: { Cmd: null, Env: ["A=b"], OnBuild: null, Shell: ["/bin/sh"], Healthcheck: { Test: ["NONE"] } },
        history: null,
      }),
    );
    expect(parsed.config).toEqual({ Env: ["A=b"], Shell: ["/bin/sh"], Healthcheck: { Test: ["NONE"] } });
    expect(parsed.history).toBeUndefined();
    expect(parsed.rootfs.diff_ids).toEqual([digest]);
  });

  test.each([
    ["no rootfs", { os: "linux" }],
    ["bad diff id", { ...config, rootfs: { type: "layers", diff_ids: ["x"] } }],
    ["Env no strings", { ...config, config: { Env: [1] } }],
    ["Labels no strings", { ...config, config: { Labels: { a: 1 } } }],
    ["Cmd a string", { ...config, config: { Cmd: "sh" } }],
    ["history no list", { ...config, history: {} }],
    ["config no object", { ...config, config: [] }],
  ])("refuses: %s", (_name, value) => {
    expect(kindOf(() => parseImageConfig(bytes(value)))).toBe("invalid-parameter");
  });
});

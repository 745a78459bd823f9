import { expect, test } from "bun:test";
import { artifactAnnotations, artifactTypes } from "./media-types.ts";
import { filesOf } from "./read-artifact.ts";

const digest = `sha256:${"1".repeat(64)}`;

/** A project with one file beside its compose.yaml, under this name. */
function project(mediaType: string, annotations: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const manifest = { artifactType: artifactTypes.project, layers: [{ mediaType, digest, annotations }] };
  const raw = (text: string): string => Buffer.from(text).toString("base64");
  const blob = { Digest: digest, MediaType: mediaType, Raw: raw("A=b\n") };
  return filesOf(
    { MediaType: "", Digest: digest, Raw: raw(JSON.stringify(manifest)), Blobs: [blob] },
    "registry/project",
  );
}

test("a published project's files have names, which lead nowhere", () => {
  const { environmentFile, composeFile, extended } = artifactAnnotations;
  expect(project(artifactTypes.environmentFile, { [environmentFile]: "one.env" }).get("one.env")).toBe("A=b\n");
  // CVE-2025-62725.
  for (const name of ["../out.env", "/etc/cron.d/x", "a/b", "a\\b", "..", ".", "", "a\0b"]) {
    expect(() => project(artifactTypes.environmentFile, { [environmentFile]: name })).toThrow("invalid OCI artifact");
    expect(() => project(artifactTypes.composeFile, { [composeFile]: name, [extended]: "true" })).toThrow(
      "invalid OCI artifact",
    );
  }
  expect(() => project(artifactTypes.environmentFile, {})).toThrow("invalid OCI artifact");
});

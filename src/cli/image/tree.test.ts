import { expect, test } from "bun:test";
import type { ImageManifestSummary, ImageSummary } from "#spec/docker/image.ts";
import { imageTree } from "./tree.ts";

const id = (letter: string): string => `sha256:${letter.repeat(64)}`;

function manifest(letter: string, more: Partial<ImageManifestSummary>, containers: readonly string[] = []) {
  return {
    ID: id(letter),
    Descriptor: { mediaType: "", digest: id(letter), size: 1 },
    Available: true,
    Size: { Content: 1000, Total: 3000 },
    Kind: "image",
    ImageData: {
      Platform: { os: "linux", architecture: "arm64", variant: "v8" },
      Size: { Unpacked: 2000 },
      Containers: containers,
    },
    ...more,
  } as const;
}

const image: ImageSummary = {
  Id: id("a"),
  ParentId: "",
  RepoTags: ["web:1", "web:latest"],
  RepoDigests: [],
  Created: 0,
  Size: 2000,
  SharedSize: -1,
  Labels: null,
  Containers: -1,
};

test("platforms stand under the last of an image's names; attestations are left out", () => {
  const other = { ...image, Id: id("d"), RepoTags: [], Manifests: [manifest("e", {})] };
  const Manifests = [
    manifest("b", {}, ["c1"]),
    manifest("c", { Available: false, Size: { Content: 0, Total: 0 } }),
    manifest("f", { Kind: "attestation" }),
  ];
  expect(imageTree([{ ...image, Manifests }, other])).toBe(
    [
      "                                                   Info ->  U In Use",
      "",
      "IMAGE               ID             DISK USAGE   CONTENT SIZE   EXTRA",
      "web:1",
      "web:latest          aaaaaaaaaaaa          4kB            2kB   U",
      "├─ linux/arm64/v8   bbbbbbbbbbbb          3kB            1kB   U",
      "└─ linux/arm64/v8   cccccccccccc           0B             0B",
      "",
      "<untagged>          dddddddddddd          3kB            1kB",
      "└─ linux/arm64/v8   eeeeeeeeeeee          3kB            1kB",
      "",
    ].join("\n"),
  );
});

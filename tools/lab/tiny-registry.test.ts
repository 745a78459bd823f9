import { expect, test } from "bun:test";
import { buildImage, sha256 } from "./image-writer.ts";
import { writeTar } from "./tar-writer.ts";
import { startTinyRegistry } from "./tiny-registry.ts";

test("manifests by tag and digest and verified blobs are served, the rest is 404", async () => {
  const image = buildImage({ layers: [writeTar([{ path: "a", content: "x" }])] });
  const registry = await startTinyRegistry();
  try {
    registry.add("some/name", "latest", image);
    const base = `http://${registry.address}/v2`;
    expect((await fetch(`${base}/`)).status).toBe(200);
    const manifest = await fetch(`${base}/some/name/manifests/latest`);
    expect(manifest.headers.get("docker-content-digest")).toBe(image.digest);
    expect(sha256(new Uint8Array(await manifest.arrayBuffer()))).toBe(image.digest);
    for (const [digest] of image.blobs) {
      const blob = await fetch(`${base}/some/name/blobs/${digest}`);
      expect(sha256(new Uint8Array(await blob.arrayBuffer()))).toBe(digest);
    }
    expect((await fetch(`${base}/some/name/manifests/other`)).status).toBe(404);
    expect((await fetch(`${base}/some/name/manifests/latest`, { method: "DELETE" })).status).toBe(404);
    registry.intercept((_, response) => {
      response.writeHead(500).end();
      return true;
    });
    expect((await fetch(`${base}/`)).status).toBe(500);
    expect(registry.requests.at(0)).toBe("GET /v2/");
  } finally {
    await registry.close();
  }
});

test("the same recipe gives the same image", () => {
  const recipe = { layers: [writeTar([{ path: "a", content: "x" }])], config: { Cmd: ["a"] } };
  expect(buildImage(recipe).digest).toBe(buildImage(recipe).digest);
});

import type { BuiltImage } from "./image-writer.ts";

/** Push an image to `http://registry/v2/repository` under `tag`, by the distribution API's plain monolithic upload. */
export async function pushImage(registry: string, repository: string, tag: string, image: BuiltImage): Promise<void> {
  const base = `http://${registry}/v2/${repository}`;
  for (const [digest, bytes] of image.blobs) {
    const known = await fetch(`${base}/blobs/${digest}`, { method: "HEAD" });
    if (known.ok) continue;
    const started = await expectStatus(await fetch(`${base}/blobs/uploads/`, { method: "POST" }), 202);
    const location = new URL(started.headers.get("location") ?? "", base);
    location.searchParams.set("digest", digest);
    const headers = { "content-type": "application/octet-stream" };
    await expectStatus(await fetch(location, { method: "PUT", body: Buffer.from(bytes), headers }), 201);
  }
  for (const name of [image.digest, tag]) await pushManifest(registry, repository, name, image);
}

/** Push a manifest or index whose parts are there already. */
export async function pushManifest(
  registry: string,
  repository: string,
  tag: string,
  item: { readonly mediaType: string; readonly manifest: Uint8Array },
): Promise<void> {
  const url = `http://${registry}/v2/${repository}/manifests/${tag}`;
  const headers = { "content-type": item.mediaType };
  await expectStatus(await fetch(url, { method: "PUT", body: Buffer.from(item.manifest), headers }), 201);
}

async function expectStatus(response: Response, status: number): Promise<Response> {
  if (response.status === status) return response;
  throw new Error(`${response.url}: ${response.status} instead of ${status}: ${await response.text()}`);
}

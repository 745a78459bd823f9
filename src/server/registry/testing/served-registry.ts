import { createHash } from "node:crypto";
import { silentLog } from "#base/log.ts";
import { startWebServer } from "#host/web/web-server.ts";
import type { Access } from "#registry/access/access.ts";
import { openAccess } from "#registry/access/open-access.ts";
import { PullThrough } from "#registry/cache/pull-through.ts";
import type { CachedUpstream } from "#registry/cache/upstream.ts";
import type { RegistryContext } from "#registry/context.ts";
import { openTestRegistry } from "#registry/testing/open-test-registry.ts";
import { RegistryMetrics } from "#registry/metrics.ts";
import type { RegistrySettings } from "#registry/settings.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { registryHandler } from "../registry-handler.ts";

/** A registry on a port of loopback, for tests of what goes over the wire. */
export interface ServedRegistry {
  readonly url: string;
  readonly context: RegistryContext;
  readonly metrics: RegistryMetrics;
  /** Milliseconds that the registry's clock runs ahead from now on. */
  advance(ms: number): void;
  send(method: string, path: string, options?: SendOptions): Promise<Response>;
  /** Push a blob in two requests and give its digest. */
  pushBlob(name: string, bytes: Uint8Array | string): Promise<string>;
  /** Push the parts of an image and its manifest under a tag or, with "", its digest. */
  pushImage(name: string, tag: string, text?: string): Promise<PushedImage>;
  stop(): Promise<void>;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface PushedImage {
  readonly digest: string;
  readonly config: string;
  readonly layer: string;
  readonly manifest: string;
}

export function sha(bytes: Uint8Array | string, algorithm: "sha256" | "sha512" = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** The manifest of an image with one layer, of 5 bytes. */
export function imageManifest(config: string, layer: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: config, size: 2 },
    layers: [{ mediaType: MEDIA_TYPE.ociLayerGzip, digest: layer, size: 5 }],
    ...more,
  });
}

export async function errorCode(response: Response): Promise<string> {
  const body = (await response.json()) as { errors: { code: string }[] };
  return `${response.status} ${body.errors.map(({ code }) => code).join(" ")}`;
}

export function serveRegistry(
  settings: Partial<RegistrySettings> = {},
  accessTo: (context: RegistryContext) => Access = () => openAccess,
  { upstreams = [], mirrorOf }: { readonly upstreams?: readonly CachedUpstream[]; readonly mirrorOf?: string } = {},
): ServedRegistry {
  const opened = openTestRegistry(settings, silentLog);
  const { context } = opened;
  const metrics = new RegistryMetrics(context);
  const cache = new PullThrough(context, upstreams);
  const mirror = mirrorOf === undefined ? {} : { mirrorOf };
  const handler = registryHandler({ context, access: accessTo(context), isSecure: false, cache, metrics, ...mirror });
  const server = startWebServer({ host: "127.0.0.1", port: 0 }, handler);
  const url = `http://127.0.0.1:${server.port}`;
  const send = (method: string, path: string, { headers = {}, body }: SendOptions = {}): Promise<Response> =>
    fetch(new URL(path, url), {
      method,
      redirect: "manual",
      headers,
      ...(body === undefined ? {} : { body: body as string }),
    });
  const pushBlob = async (name: string, bytes: Uint8Array | string): Promise<string> => {
    const digest = sha(bytes);
    const begun = await send("POST", `/v2/${name}/blobs/uploads/`);
    const location = new URL(begun.headers.get("location") ?? "", url);
    location.searchParams.set("digest", digest);
    const done = await send("PUT", location.href, { body: bytes });
    if (done.status !== 201) throw new Error(`push of a blob: ${done.status} ${await done.text()}`);
    return digest;
  };
  const pushImage = async (name: string, tag: string, text = "layer"): Promise<PushedImage> => {
    const [config, layer] = [await pushBlob(name, "{}"), await pushBlob(name, text)];
    const layers = [{ mediaType: MEDIA_TYPE.ociLayerGzip, digest: layer, size: Buffer.byteLength(text) }];
    const manifest = imageManifest(config, layer, { layers });
    const digest = sha(manifest);
    const reference = tag === "" ? digest : tag;
    const headers = { "Content-Type": MEDIA_TYPE.ociManifest };
    const done = await send("PUT", `/v2/${name}/manifests/${reference}`, { headers, body: manifest });
    if (done.status !== 201) throw new Error(`push of a manifest: ${done.status} ${await done.text()}`);
    return { digest, config, layer, manifest };
  };
  return {
    url,
    context,
    metrics,
    advance: (ms) => opened.advance(ms),
    send,
    pushBlob,
    pushImage,
    async stop() {
      await server.stop(true);
      await opened.close();
    },
  };
}

import { BerthError } from "#base/errors.ts";
import { formatTime } from "#base/time.ts";
import type { ImageService, Progress } from "#image/types.ts";
import { containerConfig } from "#spec/docker/container-config.ts";
import { parsePlatform, platformOfHost } from "#spec/oci/platform.ts";
import { familiarString, type Reference } from "#spec/oci/reference.ts";
import { newName } from "./tagged.ts";
import type { MachineFacts } from "../host-facts.ts";
import type { Clock, Events } from "../ports.ts";
import type { Downloads } from "../registry-ports.ts";
import { applyChanges } from "./apply-changes.ts";

export interface ImportImageRequest {
  /** `-` for the request's body, else a URL. */
  readonly source: string;
  readonly body: () => AsyncIterable<Uint8Array>;
  /** "" leaves the image without a name. */
  readonly repository: string;
  readonly tag: string;
  /** "" says where it came from. */
  readonly message: string;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  /** `os[/arch[/variant]]`, "" = this machine's. */
  readonly platform: string;
  readonly onProgress: (line: Progress) => void;
  readonly signal: AbortSignal;
}

/**
 * `POST /images/create?fromSrc=`: an image of one layer. Resolves to its id. `invalid-parameter` for names, changes and
 * platforms before anything is read.
 */
export function importImage(deps: {
  readonly images: ImageService;
  readonly events: Events;
  readonly clock: Clock;
  readonly downloads: Downloads;
  readonly machine: MachineFacts;
}) {
  return async (request: ImportImageRequest): Promise<string> => {
    const reference = nameOf(request);
    const config = applyChanges(containerConfig.zero, request.changes);
    const host = platformOfHost(deps.machine.machine);
    const platform = request.platform === "" ? host : parsePlatform(request.platform, host);
    if (platform.os !== host.os) throw new BerthError("invalid-parameter", "operating system is not supported");
    const url = request.source === "-" ? undefined : sourceUrl(request.source);
    const archive = url === undefined ? request.body() : await download(deps.downloads, url, request);
    const image = await deps.images.importRoot({
      archive,
      platform,
      config: containerConfig.print(config) as Readonly<Record<string, unknown>>,
      comment: request.message === "" ? `Imported from ${url ?? "-"}` : request.message,
      created: formatTime(deps.clock.nowNs()),
      reference: reference === undefined ? undefined : familiarString(reference),
      signal: request.signal,
    });
    if (reference !== undefined) {
      const attributes = { name: familiarString(reference) };
      deps.events.publish({ type: "image", action: "tag", id: image.id, attributes });
    }
    deps.events.publish({ type: "image", action: "import", id: image.id, attributes: { name: image.id } });
    return image.id;
  };
}

function nameOf({ repository, tag }: ImportImageRequest): Reference | undefined {
  if (repository === "") return undefined;
  return newName(repository, tag);
}

/** docker-compat: an address without a scheme is an HTTP one. */
function sourceUrl(source: string): string {
  const text = source.includes("://") ? source : `http://${source}`;
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href;
  throw new BerthError("invalid-parameter", `cannot import from ${JSON.stringify(source)}: give - or an HTTP address`);
}

async function download(
  downloads: Downloads,
  url: string,
  { onProgress, signal }: ImportImageRequest,
): Promise<AsyncIterable<Uint8Array>> {
  const { sizeBytes, chunks } = await downloads.open(url, signal);
  async function* counted(): AsyncIterable<Uint8Array> {
    let current = 0;
    let told = 0;
    for await (const chunk of chunks) {
      current += chunk.length;
      const now = performance.now();
      if (now - told > TELL_EVERY_MS || current === sizeBytes) {
        told = now;
        const total = sizeBytes === undefined ? {} : { total: sizeBytes };
        onProgress({ status: "Importing", progressDetail: { current, ...total } });
      }
      yield chunk;
    }
  }
  return counted();
}

const TELL_EVERY_MS = 100;

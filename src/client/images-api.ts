import type { ImageCleanRequest, ImageCopyRequest, ImagesCleaned, SystemCheck } from "#spec/berth/images.ts";
import type {
  DistributionInspect,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  SearchResult,
} from "#spec/docker/image.ts";
import type { RegistryArtifact, RegistryArtifactPush } from "#spec/berth/registry-artifacts.ts";
import type { ImageLayer, MissingLayers, MissingLayersRequest } from "#spec/berth/image-layers.ts";
import type { PullReport } from "#spec/berth/why-pull.ts";
import type { RegistryManifest, RegistryManifestPush, RegistryManifestPushed } from "#spec/berth/registry-manifests.ts";
import type { JsonMessage } from "#spec/docker/json-message.ts";
import type { ApiTransport } from "./api-transport.ts";
import { filtersParameter, type FilterValues } from "./filters-parameter.ts";
import { jsonValues } from "./json-stream.ts";

export interface PullOptions {
  /** Name without tag. */
  readonly image: string;
  /** Tag or digest; undefined pulls every tag. */
  readonly tag?: string;
  readonly platform?: string;
  /** X-Registry-Auth, from `encodeRegistryAuth`. */
  readonly registryAuth?: string;
  readonly signal?: AbortSignal;
}

export interface PushOptions {
  /** Name without tag. */
  readonly image: string;
  /** Undefined pushes every tag. */
  readonly tag?: string;
  /** An OCI platform as JSON. */
  readonly platform?: string;
  /** `gzip` or `zstd`, for layers that were never pushed. Berth's own. */
  readonly compression?: string;
  /** X-Registry-Auth, from `encodeRegistryAuth`. */
  readonly registryAuth: string;
}

export interface ImportOptions {
  /** `-` for `archive`, else a URL that the engine fetches. */
  readonly source: string;
  readonly archive: AsyncIterable<Uint8Array> | undefined;
  /** `name[:tag]`, "" for none. */
  readonly repository: string;
  readonly message: string;
  readonly changes: readonly string[];
  readonly platform: string;
}

/** `/images`. Names keep their slashes in the path, as the daemon's routes expect. */
export class ImagesApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  /** Progress as it happens; a failure after the start arrives as a message with `errorDetail`. */
  async pull(options: PullOptions): Promise<AsyncIterable<JsonMessage>> {
    const { image, tag, platform, registryAuth, signal } = options;
    const response = await this.#transport.call("POST", "/images/create", {
      query: { fromImage: image, platform: platform?.toLowerCase() || undefined, tag: tag || undefined },
      ...(registryAuth === undefined ? {} : { headers: { "X-Registry-Auth": registryAuth } }),
      ...(signal === undefined ? {} : { signal }),
    });
    return jsonValues<JsonMessage>(response.body());
  }

  /** Progress as it happens; a failure after the start arrives as a message with `errorDetail`. */
  async push(options: PushOptions): Promise<AsyncIterable<JsonMessage>> {
    const { image, registryAuth, ...query } = options;
    const response = await this.#transport.call("POST", `/images/${path(image)}/push`, {
      query,
      headers: { "X-Registry-Auth": registryAuth },
    });
    return jsonValues<JsonMessage>(response.body());
  }

  /** An archive of images as it comes. `platforms`: OCI platforms as JSON. */
  async save(
    names: readonly string[],
    options: { readonly platforms?: readonly string[] } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const query = { names, platform: options.platforms };
    return (await this.#transport.call("GET", "/images/get", { query })).body();
  }

  /** `platforms`: OCI platforms as JSON. */
  async load(
    archive: AsyncIterable<Uint8Array>,
    options: { readonly quiet: boolean; readonly platforms?: readonly string[] },
  ): Promise<AsyncIterable<JsonMessage>> {
    const response = await this.#transport.call("POST", "/images/load", {
      query: { quiet: options.quiet ? "1" : "0", platform: options.platforms },
      body: archive,
      contentType: "application/x-tar",
    });
    return jsonValues<JsonMessage>(response.body());
  }

  /** Layers of what `save` gives. Berth's own. */
  layers(
    names: readonly string[],
    options: { readonly platforms?: readonly string[] } = {},
  ): Promise<readonly ImageLayer[]> {
    return this.#transport.json("GET", "/berth/images/layers", { query: { names, platform: options.platforms } });
  }

  /** Digests of those that an archive for `loadMissing` must have. Berth's own. */
  async missingLayers(layers: readonly ImageLayer[]): Promise<readonly string[]> {
    const json: MissingLayersRequest = { Layers: layers };
    return (await this.#transport.json<MissingLayers>("POST", "/berth/images/missing-layers", { json })).Missing;
  }

  /** As `save`, without some layers, named by digest. Berth's own. */
  async saveWithout(
    names: readonly string[],
    without: readonly string[],
    options: { readonly platforms?: readonly string[] } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const query = { names, platform: options.platforms };
    return (await this.#transport.call("POST", "/berth/images/get", { query, json: { Without: without } })).body();
  }

  /** As `load`, of an archive that lacks layers which are there. Berth's own. */
  async loadMissing(archive: AsyncIterable<Uint8Array>): Promise<AsyncIterable<JsonMessage>> {
    const response = await this.#transport.call("POST", "/berth/images/load", {
      query: { quiet: "1" },
      body: archive,
      contentType: "application/x-tar",
    });
    return jsonValues<JsonMessage>(response.body());
  }

  async import(options: ImportOptions): Promise<AsyncIterable<JsonMessage>> {
    const { source, archive, repository, message, changes, platform } = options;
    const response = await this.#transport.call("POST", "/images/create", {
      query: {
        changes,
        fromSrc: source,
        message: message || undefined,
        platform: platform.toLowerCase() || undefined,
        repo: repository || undefined,
      },
      ...(archive === undefined ? {} : { body: archive }),
    });
    return jsonValues<JsonMessage>(response.body());
  }

  search(
    term: string,
    options: { readonly limit?: number; readonly filters?: FilterValues; readonly registryAuth: string },
  ): Promise<readonly SearchResult[]> {
    const { limit, filters, registryAuth } = options;
    return this.#transport.json("GET", "/images/search", {
      query: { term, limit: limit === 0 ? undefined : limit, filters: filtersParameter(filters) },
      headers: { "X-Registry-Auth": registryAuth },
    });
  }

  /** From registry to registry, through the engine but not kept there. Berth's own. */
  async copy(
    request: ImageCopyRequest,
    auth: { readonly from: string; readonly to: string },
  ): Promise<AsyncIterable<JsonMessage>> {
    const response = await this.#transport.call("POST", "/berth/images/copy", {
      json: request,
      headers: { "X-Registry-Auth": auth.to, "X-Registry-Auth-From": auth.from },
    });
    return jsonValues<JsonMessage>(response.body());
  }

  /** Pulls of it that failed. Berth's own. */
  why(name: string): Promise<PullReport> {
    return this.#transport.json("GET", `/berth/images/${path(name)}/why`);
  }

  /** Forbid or allow the removal of an image. Berth's own. */
  lock(name: string, locked: boolean): Promise<void> {
    return this.#transport.send("POST", `/berth/images/${path(name)}/${locked ? "lock" : "unlock"}`);
  }

  /** Remove images that nobody used for a while. Berth's own. */
  clean(request: ImageCleanRequest): Promise<ImagesCleaned> {
    return this.#transport.json("POST", "/berth/images/clean", { json: request });
  }

  /** What a registry has under a name, without pulling it. */
  distribution(name: string, registryAuth: string): Promise<DistributionInspect> {
    return this.#transport.json("GET", `/distribution/${path(name)}/json`, {
      headers: { "X-Registry-Auth": registryAuth },
    });
  }

  /** A manifest or index as a registry has it, byte for byte. Berth's own. */
  registryManifest(
    name: string,
    options: { readonly insecure: boolean; readonly registryAuth: string },
  ): Promise<RegistryManifest> {
    return this.#transport.json("GET", "/berth/registry/manifest", {
      query: { name, insecure: options.insecure },
      headers: { "X-Registry-Auth": options.registryAuth },
    });
  }

  /** An index to a registry. Berth's own. */
  pushManifestList(request: RegistryManifestPush, registryAuth: string): Promise<RegistryManifestPushed> {
    return this.#transport.json("POST", "/berth/registry/manifest", {
      json: request,
      headers: { "X-Registry-Auth": registryAuth },
    });
  }

  /** What a registry has that is no image, with all that its manifest names. Berth's own. */
  registryArtifact(
    name: string,
    options: { readonly insecure: boolean; readonly registryAuth: string },
  ): Promise<RegistryArtifact> {
    return this.#transport.json("GET", "/berth/registry/artifact", {
      query: { name, insecure: options.insecure },
      headers: { "X-Registry-Auth": options.registryAuth },
    });
  }

  /** Blobs to a registry, and the manifest that names them. Berth's own. */
  pushArtifact(request: RegistryArtifactPush, registryAuth: string): Promise<{ readonly Digest: string }> {
    return this.#transport.json("POST", "/berth/registry/artifact", {
      json: request,
      headers: { "X-Registry-Auth": registryAuth },
    });
  }

  /** What is inside an image, at `path` and below, as a tar archive; "" is everything. Berth's own. */
  async files(name: string, imagePath: string): Promise<AsyncIterable<Uint8Array>> {
    const query = { path: imagePath || undefined };
    return (await this.#transport.call("GET", `/berth/images/${path(name)}/archive`, { query })).body();
  }

  /** Is all that is kept of images as it should be? Berth's own. */
  check(options: { readonly repair: boolean }): Promise<SystemCheck> {
    return this.#transport.json("POST", "/berth/system/check", { query: { repair: options.repair } });
  }

  /** `manifests`: tell of the manifests behind each image, too. */
  list(
    options: { readonly all?: boolean; readonly filters?: FilterValues; readonly manifests?: boolean } = {},
  ): Promise<readonly ImageSummary[]> {
    const { all, filters, manifests } = options;
    return this.#transport.json("GET", "/images/json", {
      query: { all, filters: filtersParameter(filters), manifests },
    });
  }

  inspect(name: string, options: { readonly platform?: string } = {}): Promise<ImageInspect> {
    return this.#transport.json("GET", `/images/${path(name)}/json`, { query: { platform: options.platform } });
  }

  history(name: string, options: { readonly platform?: string } = {}): Promise<readonly ImageHistoryItem[]> {
    return this.#transport.json("GET", `/images/${path(name)}/history`, { query: { platform: options.platform } });
  }

  tag(source: string, target: { readonly repo: string; readonly tag: string }): Promise<void> {
    return this.#transport.send("POST", `/images/${path(source)}/tag`, {
      query: { repo: target.repo, tag: target.tag || undefined },
    });
  }

  remove(
    name: string,
    options: { readonly force?: boolean; readonly noPrune?: boolean; readonly platforms?: readonly string[] } = {},
  ): Promise<readonly ImageDeleteItem[]> {
    const query = { force: options.force, noprune: options.noPrune, platforms: options.platforms };
    return this.#transport.json("DELETE", `/images/${path(name)}`, { query });
  }
}

function path(name: string): string {
  return name
    .split("/")
    .map((part) => encodeURIComponent(part).replaceAll("%3A", ":").replaceAll("%40", "@"))
    .join("/");
}

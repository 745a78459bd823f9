import { BerthError, isBerthError } from "#base/errors.ts";
import type { ImageService, Progress, RegistryAuth, StoredImage } from "#image/types.ts";
import { leadingVariant } from "#image/variant-for.ts";
import { formatPlatform, platformRank, type Platform } from "#spec/oci/platform.ts";
import { familiarString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";

export interface BuildImagesOptions {
  /** Ask the registry for a newer one though the image is here. */
  readonly pull: boolean;
  /** By registry host. */
  readonly auth: ReadonlyMap<string, RegistryAuth>;
  readonly signal: AbortSignal;
  readonly onProgress: (line: Progress) => void;
}

/** An image that a build began with. */
export interface ImageAsked {
  readonly reference: string;
  readonly platform: Platform;
  readonly id: string;
}

/** The images that one build begins with; each is looked up once. */
export class BuildImages {
  readonly #images: Pick<ImageService, "resolve" | "pull" | "touch">;
  readonly #options: BuildImagesOptions;
  readonly #known = new Map<string, Promise<StoredImage>>();
  readonly #asked: ImageAsked[] = [];

  constructor(images: Pick<ImageService, "resolve" | "pull" | "touch">, options: BuildImagesOptions) {
    this.#images = images;
    this.#options = options;
  }

  /** An image for a platform, pulled when it is not here. Errors are the image service's. */
  get(reference: string, platform: Platform): Promise<StoredImage> {
    const key = keyOf(reference, platform);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#find(reference, platform);
    found.then(({ id }) => this.#used({ reference, platform, id })).catch(() => undefined);
    this.#known.set(key, found);
    return found;
  }

  /** The same, undefined where it would have to be pulled. */
  async local(reference: string, platform: Platform): Promise<StoredImage | undefined> {
    const image = await this.#best(reference, platform);
    if (image === undefined) return undefined;
    this.#known.set(keyOf(reference, platform), Promise.resolve(image));
    this.#used({ reference, platform, id: image.id });
    return image;
  }

  /** Those that were found. */
  get asked(): readonly ImageAsked[] {
    return this.#asked;
  }

  #used(asked: ImageAsked): void {
    this.#asked.push(asked);
    this.#images.touch(asked.id);
  }

  async #best(reference: string, platform: Platform): Promise<StoredImage | undefined> {
    const here = await this.#here(reference);
    const best = here === undefined ? undefined : leadingVariant(platform, [here, ...here.variants]);
    return best !== undefined && platformRank(platform, best.config) !== undefined ? best : undefined;
  }

  async #find(reference: string, platform: Platform): Promise<StoredImage> {
    const here = this.#options.pull ? undefined : await this.#best(reference, platform);
    if (here !== undefined) return here;
    const parsed = withDefaultTag(parseReference(reference));
    const auth = registryAuthOf(this.#options.auth, parsed.domain);
    const { signal, onProgress } = this.#options;
    const image = await this.#images.pull({
      reference: familiarString(parsed),
      platform,
      signal,
      onProgress,
      ...(auth === undefined ? {} : { auth }),
    });
    if (platformRank(platform, image.config) !== undefined) return image;
    throw new BerthError("not-found", `${familiarString(parsed)} is not there for ${formatPlatform(platform)}`);
  }

  async #here(reference: string): Promise<StoredImage | undefined> {
    try {
      return await this.#images.resolve(reference);
    } catch (error) {
      if (isBerthError(error, "not-found")) return undefined;
      throw error;
    }
  }
}

const keyOf = (reference: string, platform: Platform): string => `${reference} ${formatPlatform(platform)}`;

/** docker-compat: the Hub's credentials are kept under its old address. */
export function registryAuthOf(known: ReadonlyMap<string, RegistryAuth>, domain: string): RegistryAuth | undefined {
  const names =
    domain === "docker.io"
      ? ["https://index.docker.io/v1/", "index.docker.io", "docker.io"]
      : [domain, `https://${domain}`];
  for (const name of names) {
    const auth = known.get(name);
    if (auth !== undefined) return auth;
  }
  return undefined;
}

import { BerthError, messageOf } from "#base/errors.ts";
import { quoteGo } from "#base/quote-go.ts";
import { canonicalString, familiarString, parseAnyReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { suggest } from "../dockerfile/suggest.ts";
import type { ConvertOptions, NamedContext, ResolvedImage, ResolveImage } from "./options.ts";

/** What a stage begins with or a COPY reads from, other than a stage. */
export type StageSource =
  | { readonly type: "scratch" }
  | {
      readonly type: "image";
      readonly reference: string;
      /** As it is written. */
      readonly written: string;
      readonly image: ResolvedImage;
      /** The named context that holds it; undefined for registries and the engine's own images. */
      readonly layout: string | undefined;
    }
  | { readonly type: "context"; readonly name: string; readonly context: Exclude<NamedContext, { type: "image" }> };

const COMMON_IMAGES = ["alpine", "busybox", "centos", "debian", "fedora", "golang", "node", "python", "ubuntu"];

/** Finds sources by name. One name and platform is looked up once. */
export class StageSources {
  readonly #contexts: ConvertOptions["contexts"];
  readonly #resolve: ResolveImage;
  readonly #known = new Map<string, Promise<StageSource>>();

  constructor(contexts: ConvertOptions["contexts"], resolve: ResolveImage) {
    this.#contexts = contexts;
    this.#resolve = resolve;
  }

  /** A context that was given under exactly this name, e.g. a stage's. */
  context(name: string): NamedContext | undefined {
    const lower = name.toLowerCase();
    return lower === "scratch" || lower === "context" ? undefined : this.#contexts.get(lower);
  }

  /**
   * Contexts go before images. `stages` are names that a wrong one may have meant. `invalid-parameter` for what is no name of
   * an image; what the resolver throws otherwise.
   */
  find(name: string, platform: Platform, stages: readonly string[]): Promise<StageSource> {
    const key = JSON.stringify([name, platform]);
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#find(name, platform, stages);
      this.#known.set(key, known);
    }
    return known;
  }

  async #find(name: string, platform: Platform, stages: readonly string[]): Promise<StageSource> {
    if (name === "scratch") return { type: "scratch" };
    const context = this.context(name) ?? this.context(shortName(name));
    if (context?.type === "image") return this.#image(context.reference, platform, [], undefined);
    if (context?.type === "oci-layout") return this.#image(context.reference, platform, [], name.toLowerCase());
    if (context !== undefined) return { type: "context", name: name.toLowerCase(), context };
    return this.#image(name, platform, stages, undefined);
  }

  async #image(
    written: string,
    platform: Platform,
    stages: readonly string[],
    layout: string | undefined,
  ): Promise<StageSource> {
    const reference = layout === undefined ? canonical(written) : written;
    try {
      const image = await this.#resolve(reference, platform, layout);
      return { type: "image", reference, written, image, layout };
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      const near = suggest(written, [...stages, ...COMMON_IMAGES]);
      const meant = near === undefined ? "" : ` (did you mean ${near}?)`;
      throw new BerthError(error.kind, `${written}: ${error.message}${meant}`, {
        cause: error,
        details: error.details,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }
}

/** An image's id stays what it is. */
function canonical(written: string): string {
  try {
    const parsed = parseAnyReference(written);
    return parsed.kind === "id" ? parsed.digest : canonicalString(withDefaultTag(parsed.reference));
  } catch (error) {
    const message = `failed to parse stage name ${quoteGo(written)}: ${messageOf(error)}`;
    throw new BerthError("invalid-parameter", message, {
      cause: error,
      hint: "FROM takes an image, a stage or scratch.",
    });
  }
}

/** `docker.io/library/debian:latest` is the context `debian`. */
function shortName(name: string): string {
  try {
    const parsed = parseAnyReference(name);
    return parsed.kind === "id" ? name : familiarString(parsed.reference).replace(/:latest$/, "");
  } catch {
    return name;
  }
}

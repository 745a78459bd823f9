import type { BuilderEvent } from "../build-request.ts";
import type { FoundStep } from "../cache/build-cache.ts";
import type { Exported } from "../export/carry-out.ts";
import type { BuildGraph } from "../graph/types.ts";
import type { ImageAsked } from "../sources/build-images.ts";
import type { DigestedFiles } from "./context-digests.ts";
import type { KnownBuild } from "./known-builds.ts";

/** Where a build's files may come from: what there is of these now is soon found out. */
const SOURCES: ReadonlySet<string> = new Set(["image", "context"]);
const STEPS: ReadonlySet<string> = new Set(["exec", "copy", "mkdir"]);
/** Told of a build that does something. */
const DOES: ReadonlySet<string> = new Set(["running", "output", "progress", "pulling"]);

/** What a build stood on, when it is over. */
export interface Evidence {
  readonly graph: BuildGraph;
  readonly images: readonly ImageAsked[];
  readonly files: readonly DigestedFiles[];
  /** Undefined when not every step was found. */
  readonly steps: readonly FoundStep[] | undefined;
  readonly exported: readonly Exported[];
  readonly manifestOf: (imageId: string) => string | undefined;
}

/** Follows a build and tells what is to be remembered of one that found everything. */
export class Witness {
  #events: BuilderEvent[] | undefined = [];

  see(event: BuilderEvent): void {
    if (DOES.has(event.type)) this.#events = undefined;
    this.#events?.push(event);
  }

  knownBuild({ graph, images, files, steps, exported, manifestOf }: Evidence): KnownBuild | undefined {
    const [made, ...others] = exported;
    if (this.#events === undefined || steps === undefined || made?.imageId === undefined || others.length > 0)
      return undefined;
    const { imageId } = made;
    const manifest = manifestOf(imageId);
    const isPlain = graph.vertices.every(({ operation: { kind } }) => SOURCES.has(kind) || STEPS.has(kind));
    if (manifest === undefined || !isPlain) return undefined;
    return { images, files, steps, manifest, events: this.#events, exported: { ...made, imageId } };
  }
}

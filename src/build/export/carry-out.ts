import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { HelperStreams } from "#host/helper-streams.ts";
import type { Json } from "#host/helper-protocol.ts";
import { blobBytes } from "#image/blob-bytes.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import type { ImageSinks } from "#image/sink.ts";
import type { RegistryAuth } from "#image/types.ts";
import { BerthError } from "#base/errors.ts";
import { canonicalName, familiarString, type Reference } from "#spec/oci/reference.ts";
import type { FileTree } from "../solver/types.ts";
import { bundleArchive } from "./bundle-archive.ts";
import type { ExportTarget } from "./export-target.ts";
import { EXPORT_FILES_TASK, type FilesToExport } from "./files-task.ts";
import { makeBundle, platformFolder } from "./make-bundle.ts";
import { printImage } from "./print-image.ts";
import { pushBundle } from "./push-bundle.ts";
import type { Annotation, Bundle, ImageDraft, ImageForm, PrintedImage } from "./types.ts";

export interface ExportDeps {
  readonly maker: ImageMaker;
  readonly blobs: BlobStore;
  readonly streams: HelperStreams;
  readonly sinks: ImageSinks;
}

/** What was built, for all outputs. */
export interface ToExport {
  /** One for each platform. Called when an output wants images: layers are archived then. */
  readonly drafts: () => Promise<readonly ImageDraft[]>;
  readonly trees: readonly { readonly platform: ImageDraft["platform"]; readonly tree: FileTree }[];
  /** Platforms were asked for by name, several of them. */
  readonly asIndex: boolean;
  readonly epochSeconds: number | undefined;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  readonly authFor: (reference: Reference) => RegistryAuth | undefined;
  readonly report: (text: string) => void;
}

/** What became of one output; names are BuildKit's of its exporters' answers. */
export interface Exported {
  /** Of the image in the engine's own store. */
  readonly imageId: string | undefined;
  /** Familiar names that the image has here now. */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

const NOTHING: Exported = { imageId: undefined, names: [], metadata: {} };

/** Carry one output out. Errors: the registry's, `cancelled`, and what `send` throws. */
export async function carryOut(deps: ExportDeps, target: ExportTarget, built: ToExport): Promise<Exported> {
  switch (target.kind) {
    case "none":
      return NOTHING;
    case "files":
      built.report("exporting files");
      await sendFiles(deps, target, built);
      return NOTHING;
    case "archive": {
      built.report(`exporting to ${target.format} image format`);
      const bundle = await bundleOf(deps, target.form, built);
      const { format, references } = target;
      for await (const chunk of bundleArchive(deps.blobs, bundle, { format, references })) await target.send(chunk);
      return { ...NOTHING, metadata: metadataOf(bundle, references) };
    }
    case "image": {
      built.report("exporting to image");
      const bundle = await bundleOf(deps, target.form, built);
      const imageId = target.store ? await store(deps, bundle, target, built) : undefined;
      if (target.push) await push(deps, bundle, target, built);
      const names = target.store ? target.references.map(familiarString) : [];
      return { imageId, names, metadata: metadataOf(bundle, target.references) };
    }
  }
}

async function bundleOf(deps: ExportDeps, form: ImageForm, built: ToExport): Promise<Bundle> {
  const images: PrintedImage[] = [];
  for (const draft of await built.drafts()) images.push(await printImage(deps, draft, form, built));
  const annotations: readonly Annotation[] = form.annotations;
  return makeBundle(deps.blobs, images, { attached: [], annotations, asIndex: built.asIndex, lease: built.lease });
}

async function store(
  { maker, blobs }: ExportDeps,
  { images: [image, ...others], root }: Bundle,
  { references, form }: ExportTarget & { readonly kind: "image" },
  { lease, signal }: ToExport,
): Promise<string> {
  if (image === undefined || others.length > 0 || root.digest !== image.published.document.digest)
    throw new BerthError("not-implemented", "keeping an index of several manifests in the store is not supported yet", {
      hint: "Push it (--push with store=false), or write it to a file (--output type=oci,dest=FILE).",
    });
  if (form.latest !== undefined) {
    // Layers with other times are other layers: their trees have to be there too.
    const { layers } = image.published.manifest;
    for (const [index, layer] of layers.entries())
      if (!maker.hasLayer(image.diffIds[index] ?? ""))
        await maker.layerFromArchive(blobBytes(blobs, layer), lease, signal);
  }
  const { config, published, diffIds, parentId } = image;
  return maker.record({ config, manifest: published, diffIds, references, parentId }, lease);
}

async function push(
  { blobs, sinks }: ExportDeps,
  bundle: Bundle,
  { references, byDigest }: ExportTarget & { readonly kind: "image" },
  { authFor, report, signal }: ToExport,
): Promise<void> {
  for (const reference of references) {
    const shown = `${canonicalName(reference)}${byDigest ? "" : `:${reference.tag ?? "latest"}`}@${bundle.root.digest}`;
    report(`pushing ${shown}`);
    const sink = sinks.openSink(reference, authFor(reference), []);
    await pushBundle(blobs, sink, bundle, { tag: byDigest ? undefined : (reference.tag ?? "latest"), signal });
  }
}

async function sendFiles(
  { streams }: ExportDeps,
  { splitPlatforms, send }: ExportTarget & { readonly kind: "files" },
  { trees, epochSeconds }: ToExport,
): Promise<void> {
  const split = splitPlatforms ?? trees.length > 1;
  const all = trees.map(({ tree, platform }): FilesToExport => ({
    tree,
    folder: split ? platformFolder({ platform }) : "",
  }));
  const input = { trees: all, time: epochSeconds ?? null } as unknown as Record<string, Json>;
  const { chunks } = await streams.read(EXPORT_FILES_TASK, input);
  for await (const chunk of chunks) await send(chunk);
}

function metadataOf(
  { descriptor, images: [image, ...others] }: Bundle,
  references: readonly Reference[],
): Exported["metadata"] {
  return {
    ...(image === undefined || others.length > 0
      ? {}
      : { "containerimage.config.digest": image.published.manifest.config.digest }),
    "containerimage.descriptor": descriptor,
    "containerimage.digest": descriptor.digest,
    ...(references.length === 0
      ? {}
      : { "image.name": references.map((one) => `${canonicalName(one)}:${one.tag ?? "latest"}`).join(",") }),
  };
}

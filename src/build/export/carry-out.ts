import type { BlobStore } from "#content/blob-store.ts";
import type { Lease } from "#content/leases.ts";
import type { HelperStreams } from "#host/helpers/helper-streams.ts";
import { blobBytes } from "#image/blob-bytes.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import type { ImageSinks } from "#image/sink.ts";
import type { ImageService, Progress, RegistryAuth } from "#image/types.ts";
import { BerthError } from "#base/errors.ts";
import { formatPlatform, type Platform } from "#spec/oci/platform.ts";
import { canonicalName, familiarString, type Reference } from "#spec/oci/reference.ts";
import type { FileTree } from "../solver/types.ts";
import { bundleArchive } from "./bundle-archive.ts";
import type { ExportTarget } from "./export-target.ts";
import { archiveTrees } from "./archive-trees.ts";
import type { FilesToExport, StatementFile } from "./files-task.ts";
import { makeBundle, platformFolder, type AttachedManifest } from "./make-bundle.ts";
import { printImage, type PrintContext } from "./print-image.ts";
import { pushBundle } from "./push-bundle.ts";
import type { Bundle, ImageDraft, ImageForm, PrintedImage } from "./types.ts";

export interface ExportDeps {
  readonly maker: ImageMaker;
  readonly blobs: BlobStore;
  readonly streams: HelperStreams;
  readonly sources: ImageSinks;
  readonly images: Pick<ImageService, "push">;
}

/** What was built, for all outputs. */
export interface ToExport {
  /** One for each platform. Called when an output wants images: layers are archived then. */
  readonly drafts: () => Promise<readonly ImageDraft[]>;
  readonly trees: readonly { readonly platform: ImageDraft["platform"]; readonly tree: FileTree }[];
  /** Platforms were asked for by name, several of them. */
  readonly asIndex: boolean;
  readonly epochSeconds: number | undefined;
  /** Unix seconds. */
  readonly nowSeconds: () => number;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  readonly inline: PrintContext["inline"];
  /** What is said of each platform's result, by its place among them; undefined: nothing. */
  readonly attest: Attest | undefined;
  /** Of what an image's push says. */
  readonly onProgress: (line: Progress) => void;
  readonly authFor: (reference: Reference) => RegistryAuth | undefined;
  readonly report: (text: string) => void;
}

export interface Attest {
  image(
    image: PrintedImage,
    index: number,
    references: readonly Reference[],
  ): Promise<{ readonly attached: AttachedManifest; readonly provenance: object | undefined }>;
  files(
    index: number,
  ): Promise<{ readonly statements: readonly StatementFile[]; readonly provenance: object | undefined }>;
}

/** What became of one output; names are BuildKit's of its exporters' answers. */
export interface Exported {
  /** Of the image in the engine's own store. */
  readonly imageId: string | undefined;
  /** Familiar names that the image has here now. */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

const UNHEARD = { onPushed: (): void => {}, onPushedInstead: (): void => {} };
const NOTHING: Exported = { imageId: undefined, names: [], metadata: {} };

/** Carry one output out. Errors: the registry's, `cancelled`, and what `send` throws. */
export async function carryOut(deps: ExportDeps, target: ExportTarget, built: ToExport): Promise<Exported> {
  switch (target.kind) {
    case "none":
      return NOTHING;
    case "files":
      built.report("exporting files");
      return { ...NOTHING, metadata: await sendFiles(deps, target, built) };
    case "archive": {
      built.report(`exporting to ${target.format} image format`);
      const { format, references } = target;
      const { bundle, metadata } = await bundleOf(deps, target, built);
      if (format === "docker" && bundle.images.length > 1)
        throw new BerthError(
          "invalid-parameter",
          "docker exporter does not currently support exporting manifest lists",
          {
            hint: "Use --output type=oci.",
          },
        );
      for await (const chunk of bundleArchive(deps.blobs, bundle, { format, references })) await target.send(chunk);
      return { ...NOTHING, metadata };
    }
    case "image": {
      built.report("exporting to image");
      const { bundle, metadata } = await bundleOf(deps, target, built);
      const imageId = target.store ? await store(deps, bundle, target, built) : undefined;
      if (target.push) await push(deps, bundle, target, built);
      const names = target.store ? target.references.map(familiarString) : [];
      return { imageId, names, metadata };
    }
  }
}

async function bundleOf(
  { maker, blobs }: ExportDeps,
  { form, references }: { readonly form: ImageForm; readonly references: readonly Reference[] },
  built: ToExport,
): Promise<{ readonly bundle: Bundle; readonly metadata: Exported["metadata"] }> {
  const { attest, asIndex, lease } = built;
  // Docker's manifest lists know no attestations.
  const own = attest === undefined ? form : { ...form, format: "oci" as const };
  const images: PrintedImage[] = [];
  for (const draft of await built.drafts()) images.push(await printImage({ maker, blobs }, draft, own, built));
  const said =
    attest === undefined ? [] : await Promise.all(images.map((image, index) => attest.image(image, index, references)));
  const attached = said.map((one) => one.attached);
  const bundle = await makeBundle(blobs, images, { attached, annotations: form.annotations, asIndex, lease });
  const provenances = provenanceMetadata(images, said);
  return { bundle, metadata: { ...provenances, ...metadataOf(bundle, references) } };
}

/** `said`: of each of the results. */
function provenanceMetadata(
  results: readonly { readonly platform: Platform }[],
  said: readonly { readonly provenance: object | undefined }[],
): Exported["metadata"] {
  const entries = results.flatMap(({ platform }, index) => {
    const suffix = results.length === 1 ? "" : `/${formatPlatform(platform)}`;
    const provenance = said[index]?.provenance;
    return provenance === undefined ? [] : [[`buildx.build.provenance${suffix}`, provenance] as const];
  });
  return Object.fromEntries(entries);
}

async function store(
  deps: ExportDeps,
  bundle: Bundle,
  { references }: ExportTarget & { readonly kind: "image" },
  { lease, signal }: ToExport,
): Promise<string> {
  const { maker, blobs } = deps;
  const { images, root, manifests } = bundle;
  const isIndex = root.digest !== images[0]?.published.document.digest;
  const imageIds: string[] = [];
  for (const { published, diffIds, config, parentId } of images) {
    // Layers with other times are other layers: their trees have to be there too.
    for (const [index, layer] of published.manifest.layers.entries())
      if (!maker.hasLayer(diffIds[index] ?? "")) await maker.layerFromArchive(blobBytes(blobs, layer), lease, signal);
    const documents = { config, manifest: published, diffIds, references: isIndex ? [] : references, parentId };
    imageIds.push(await maker.record(documents, lease));
  }
  if (!isIndex) return imageIds[0] ?? "";
  const attached = manifests
    .slice(images.length)
    .flatMap(({ manifest, document }) => [
      document.digest,
      ...[manifest.config, ...manifest.layers].map(({ digest }) => digest),
    ]);
  return maker.index({ document: root, imageIds, attached, references }, lease);
}

/** What is in the store goes as any image of it does, and is known by its digest then. */
async function push(
  { blobs, sources, images }: ExportDeps,
  bundle: Bundle,
  { references, byDigest, store: isStored }: ExportTarget & { readonly kind: "image" },
  { authFor, report, onProgress, signal }: ToExport,
): Promise<void> {
  for (const reference of references) {
    const auth = authFor(reference);
    const name = canonicalName(reference);
    report(`pushing ${name}${byDigest ? "" : `:${reference.tag ?? "latest"}`}@${bundle.root.digest}`);
    if (isStored && !byDigest) {
      await images.push({ reference: familiarString(reference), auth, onProgress, ...UNHEARD, signal });
      continue;
    }
    const tag = byDigest ? undefined : (reference.tag ?? "latest");
    await pushBundle(blobs, sources.openSink(reference, auth, []), bundle, { tag, signal });
  }
}

async function sendFiles(
  { streams }: ExportDeps,
  { splitPlatforms, attestationPrefix, send }: ExportTarget & { readonly kind: "files" },
  { trees, epochSeconds, attest, nowSeconds }: ToExport,
): Promise<Exported["metadata"]> {
  const split = splitPlatforms ?? trees.length > 1;
  const said = attest === undefined ? [] : await Promise.all(trees.map((_, index) => attest.files(index)));
  const all = trees.map(({ tree, platform }, index): FilesToExport => ({
    tree,
    folder: split ? platformFolder({ platform }) : "",
    statements: (said[index]?.statements ?? []).map((statement) => ({
      ...statement,
      name: attestationPrefix + (splitPlatforms === false ? withPlatform(statement.name, platform) : statement.name),
    })),
  }));
  const archive = await archiveTrees(streams, { trees: all, time: epochSeconds ?? null, now: nowSeconds() });
  for await (const chunk of archive) await send(chunk);
  return provenanceMetadata(trees, said);
}

/** docker-compat: `provenance.linux_amd64.json` where there are no folders to tell platforms apart. */
function withPlatform(name: string, platform: Platform): string {
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}.${platformFolder({ platform })}${name.slice(dot)}`;
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

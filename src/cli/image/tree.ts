import { shortId } from "#base/ids.ts";
import { decimalSize } from "#base/units.ts";
import type { ImageManifestSummary, ImageSummary } from "#spec/docker/image.ts";
import { formatPlatform } from "#spec/oci/platform.ts";

const UNTAGGED = "<untagged>";
const GAP = "   ";
const LEGEND = "Info ->  U In Use";

interface Line {
  readonly name: string;
  readonly id: string;
  readonly usage: string;
  readonly content: string;
  readonly inUse: boolean;
}

/** `images --tree`: under the names of each image its platforms, those that are not here with no size. */
export function imageTree(images: readonly ImageSummary[]): string {
  const groups = images.map(linesOf);
  const header: Line = { name: "IMAGE", id: "ID", usage: "DISK USAGE", content: "CONTENT SIZE", inUse: false };
  const all = [header, ...groups.flat()];
  const widthOf = (key: "name" | "id" | "usage" | "content"): number =>
    Math.max(...all.map((line) => Array.from(line[key]).length));
  const widths = { name: widthOf("name"), id: widthOf("id"), usage: widthOf("usage"), content: widthOf("content") };
  const print = (line: Line, extra: string): string =>
    [
      line.name.padEnd(widths.name),
      line.id.padEnd(widths.id),
      line.usage.padStart(widths.usage),
      line.content.padStart(widths.content),
      extra,
    ]
      .join(GAP)
      .trimEnd();
  const body = groups.map((lines) => lines.map((line) => `${print(line, line.inUse ? "U" : "")}\n`).join(""));
  const head = print(header, "EXTRA");
  return `${LEGEND.padStart(head.length)}\n\n${head}\n${body.join("\n")}`;
}

function linesOf(image: ImageSummary): readonly Line[] {
  const manifests = (image.Manifests ?? []).filter(({ Kind }) => Kind === "image");
  const names = image.RepoTags.length === 0 ? [UNTAGGED] : image.RepoTags;
  const bare = names.slice(0, -1).map((name): Line => ({ name, id: "", usage: "", content: "", inUse: false }));
  const content = (image.Manifests ?? []).reduce((sum, { Size }) => sum + Size.Content, 0);
  const top: Line = {
    name: names.at(-1) ?? UNTAGGED,
    id: shortId(image.Id),
    usage: decimalSize(image.Size + content, 3),
    content: decimalSize(content, 3),
    inUse: manifests.some(isInUse),
  };
  return [...bare, top, ...manifests.map((manifest, index) => platformLine(manifest, index === manifests.length - 1))];
}

function platformLine(manifest: ImageManifestSummary, isLast: boolean): Line {
  const platform = manifest.ImageData?.Platform;
  const isUnknown = platform === undefined || platform.architecture === "";
  return {
    name: `${isLast ? "└─" : "├─"} ${isUnknown ? "unknown" : formatPlatform(platform)}`,
    id: shortId(manifest.ID),
    usage: decimalSize(manifest.Size.Total, 3),
    content: decimalSize(manifest.Size.Content, 3),
    inUse: isInUse(manifest),
  };
}

function isInUse({ ImageData }: ImageManifestSummary): boolean {
  return (ImageData?.Containers ?? []).length > 0;
}

import { BerthError } from "#base/errors.ts";
import { shortId } from "#base/ids.ts";
import { decimalSize, humanDuration } from "#base/units.ts";
import type { ImageSummary } from "#spec/docker/image.ts";
import type { Handler } from "../command.ts";
import { rowFormatter, tableOf, type Row } from "../format/format-list.ts";
import { goLocalTime } from "../format/local-time.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { sortBy, type SortKeys } from "../format/sort-by.ts";
import { imageTree } from "./tree.ts";

/** On a narrow terminal; what images are called by stays whole. */
const GIVE_WAY = ["Digest", "CreatedSince"];
const HEADERS = {
  ID: "IMAGE ID",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  SharedSize: "SHARED SIZE",
  UniqueSize: "UNIQUE SIZE",
} as const;
const NONE = "<none>";
const UNKNOWN_SIZE = "N/A";
const SORT_KEYS: SortKeys<ImageSummary> = {
  created: ({ Created }) => Created,
  name: ({ RepoTags }) => RepoTags[0] ?? NONE,
  size: ({ Size }) => Size,
};

/** `images`: a row for each name of each image. */
export const listImages: Handler = async ({ flags, args, io, client, config }) => {
  const [match] = args;
  const filters = { ...flags.filters(), ...(match === undefined ? {} : { reference: [match] }) };
  if (flags.on("tree")) {
    refuseWithTree(flags);
    const found = await (await client()).images.list({ all: flags.on("all"), filters, manifests: true });
    io.stdout.write(imageTree(found.filter(({ RepoTags }) => flags.on("all") || RepoTags.length > 0)));
    return 0;
  }
  const quiet = flags.on("quiet");
  const digests = flags.on("digests");
  const columns = ["Repository", "Tag", ...(digests ? ["Digest"] : []), "ID", "CreatedSince", "Size"];
  const asked = flags.text("format") || (quiet ? "" : (config.file.imagesFormat ?? ""));
  const format = asked === "" || asked === "table" ? (quiet ? "{{.ID}}" : tableOf(columns)) : asked;
  const isDefault = !quiet && (asked === "" || asked === "table");
  const width = isDefault && !flags.on("no-trunc") ? io.stdout.windowSize()?.columns : undefined;
  const print = rowFormatter(format, {
    typeName: "*formatter.imageContext",
    headers: HEADERS,
    columns,
    fit: width === undefined || width === 0 ? undefined : { width, shrinkable: GIVE_WAY },
  });
  const images = await (await client()).images.list({ all: flags.on("all"), filters });
  const options = {
    now: io.now(),
    truncate: !flags.on("no-trunc"),
    digests,
    digestPerTag: digests || format.includes("{{.Digest}}"),
  };
  const rows = sortBy(images, flags.text("sort"), SORT_KEYS).flatMap((image) => imageRows(image, options));
  io.stdout.write(print(rows));
  return 0;
};

/** docker-compat: what goes with `--tree`, in Docker's words. */
function refuseWithTree(flags: FlagValues): void {
  const given = [
    flags.on("quiet") ? "--quiet" : "",
    flags.on("no-trunc") ? "--no-trunc" : "",
    flags.on("digests") ? "--show-digest" : "",
    flags.text("format") === "" ? "" : "--format",
  ].find((name) => name !== "");
  if (given !== undefined) throw new BerthError("invalid-parameter", `${given} is not yet supported with --tree`);
}

interface RowOptions {
  readonly now: number;
  readonly truncate: boolean;
  /** `--digests`. */
  readonly digests: boolean;
  /** A row for each pair of tag and digest. */
  readonly digestPerTag: boolean;
}

function imageRows(image: ImageSummary, options: RowOptions): readonly Row[] {
  return namesOf(image, options).map(({ repository, tag, digest }) => ({
    Containers: image.Containers === -1 ? UNKNOWN_SIZE : String(image.Containers),
    get CreatedAt() {
      return goLocalTime(image.Created * 1000);
    },
    CreatedSince: image.Created === 0 ? UNKNOWN_SIZE : `${humanDuration(options.now - image.Created * 1000)} ago`,
    Digest: digest,
    ID: options.truncate ? shortId(image.Id) : image.Id,
    Repository: repository,
    SharedSize: image.SharedSize === -1 ? UNKNOWN_SIZE : decimalSize(image.SharedSize, 3),
    Size: decimalSize(image.Size, 3),
    Tag: tag,
    UniqueSize:
      image.Size === -1 || image.SharedSize === -1 ? UNKNOWN_SIZE : decimalSize(image.Size - image.SharedSize, 3),
    VirtualSize: decimalSize(image.Size),
  }));
}

interface ImageName {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

function namesOf({ RepoTags, RepoDigests }: ImageSummary, options: RowOptions): readonly ImageName[] {
  const tags = (RepoTags ?? []).filter((name) => name !== "<none>:<none>").map(splitTag);
  const digests = (RepoDigests ?? []).filter((name) => !name.startsWith("<none>@")).map(splitDigest);
  if (tags.length === 0 && digests.length === 0) return [{ repository: NONE, tag: NONE, digest: NONE }];
  const tagged = tags.flatMap(({ repository, tag }) => {
    const own = options.digestPerTag
      ? digests.filter((name) => name.repository === repository).map(({ digest }) => digest)
      : [];
    return (own.length === 0 ? [NONE] : own).map((digest) => ({ repository, tag, digest }));
  });
  const untagged = digests.filter(({ repository }) => !tags.some((name) => name.repository === repository));
  if (options.digests)
    return [...tagged, ...untagged.map(({ repository, digest }) => ({ repository, tag: NONE, digest }))];
  const repositories = new Set(untagged.map(({ repository }) => repository));
  return [...tagged, ...[...repositories].map((repository) => ({ repository, tag: NONE, digest: "" }))];
}

function splitTag(name: string): { readonly repository: string; readonly tag: string } {
  const colon = name.lastIndexOf(":");
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function splitDigest(name: string): { readonly repository: string; readonly digest: string } {
  const at = name.indexOf("@");
  return { repository: name.slice(0, at), digest: name.slice(at + 1) };
}

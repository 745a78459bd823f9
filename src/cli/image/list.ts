import { BerthError } from "#base/errors.ts";
import { decimalSize, humanDuration } from "#base/units.ts";
import type { ImageSummary } from "#spec/docker/image.ts";
import type { Handler } from "../command.ts";
import { formatRows, tableOf, type Row } from "../format/format-list.ts";
import { goLocalTime } from "../format/local-time.ts";
import { shortId } from "../format/shorten.ts";

const HEADERS = {
  ID: "IMAGE ID",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  SharedSize: "SHARED SIZE",
  UniqueSize: "UNIQUE SIZE",
} as const;
const NONE = "<none>";
const UNKNOWN_SIZE = "N/A";

/** `images`: a row for each name of each image. */
export const listImages: Handler = async ({ flags, args, io, client, config }) => {
  if (flags.on("tree")) throw new BerthError("not-implemented", "--tree is not supported yet");
  const [match] = args;
  const filters = { ...flags.filters(), ...(match === undefined ? {} : { reference: [match] }) };
  const images = await (await client()).images.list({ all: flags.on("all"), filters });
  const quiet = flags.on("quiet");
  const digests = flags.on("digests");
  const columns = ["Repository", "Tag", ...(digests ? ["Digest"] : []), "ID", "CreatedSince", "Size"];
  const asked = flags.text("format") || (quiet ? "" : (config.file.imagesFormat ?? ""));
  const format = asked === "" || asked === "table" ? (quiet ? "{{.ID}}" : tableOf(columns)) : asked;
  const withDigest = digests || /\.Digest\b/.test(format);
  const options = { now: io.now(), truncate: !flags.on("no-trunc"), withDigest };
  const rows = images.flatMap((image) => imageRows(image, options));
  io.stdout.write(formatRows(format, rows, { typeName: "*formatter.imageContext", headers: HEADERS }));
  return 0;
};

interface RowOptions {
  readonly now: number;
  readonly truncate: boolean;
  /** Rows for digests too, and for each pair of tag and digest. */
  readonly withDigest: boolean;
}

function imageRows(image: ImageSummary, options: RowOptions): readonly Row[] {
  return namesOf(image, options.withDigest).map(({ repository, tag, digest }) => ({
    Containers: image.Containers === -1 ? UNKNOWN_SIZE : String(image.Containers),
    CreatedAt: goLocalTime(image.Created * 1000),
    CreatedSince: image.Created === 0 ? UNKNOWN_SIZE : `${humanDuration(options.now - image.Created * 1000)} ago`,
    Digest: digest,
    ID: options.truncate ? shortId(image.Id) : image.Id,
    Repository: repository,
    SharedSize: image.SharedSize === -1 ? UNKNOWN_SIZE : decimalSize(image.SharedSize, 3),
    Size: decimalSize(image.Size, 3),
    Tag: tag,
    UniqueSize: image.Size === -1 || image.SharedSize === -1 ? UNKNOWN_SIZE : decimalSize(image.Size - image.SharedSize, 3),
    VirtualSize: decimalSize(image.Size, 3),
  }));
}

interface ImageName {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

function namesOf({ RepoTags, RepoDigests }: ImageSummary, withDigest: boolean): readonly ImageName[] {
  const tags = (RepoTags ?? []).filter((name) => name !== "<none>:<none>").map(splitTag);
  const digests = (RepoDigests ?? []).filter((name) => !name.startsWith("<none>@")).map(splitDigest);
  if (tags.length === 0 && digests.length === 0) return [{ repository: NONE, tag: NONE, digest: NONE }];
  const repositories = [...new Set([...tags, ...digests].map(({ repository }) => repository))];
  return repositories.flatMap((repository) => {
    const ownTags = tags.filter((name) => name.repository === repository).map(({ tag }) => tag);
    const ownDigests = digests.filter((name) => name.repository === repository).map(({ digest }) => digest);
    if (!withDigest) {
      return (ownTags.length === 0 ? [NONE] : ownTags).map((tag) => ({ repository, tag, digest: ownDigests[0] ?? NONE }));
    }
    const pairs = (ownTags.length === 0 ? [NONE] : ownTags).flatMap((tag) =>
      (ownDigests.length === 0 ? [NONE] : ownDigests).map((digest) => ({ repository, tag, digest })),
    );
    return pairs;
  });
}

function splitTag(name: string): { readonly repository: string; readonly tag: string } {
  const colon = name.lastIndexOf(":");
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function splitDigest(name: string): { readonly repository: string; readonly digest: string } {
  const at = name.indexOf("@");
  return { repository: name.slice(0, at), digest: name.slice(at + 1) };
}

import { shortId } from "#base/ids.ts";
import { struct } from "#base/template/struct.ts";
import { decimalSize, humanDuration } from "#base/units.ts";
import type { ContainerSummary } from "#spec/docker/container.ts";
import type { Handler } from "../command.ts";
import { rowFormatter, tableOf, type Row } from "../format/format-list.ts";
import { goLocalTime } from "../format/local-time.ts";
import { sortBy, type SortKeys } from "../format/sort-by.ts";
import { ellipsis } from "../format/shorten.ts";
import { displayPorts } from "./ports.ts";

const HEADERS = {
  ID: "CONTAINER ID",
  RunningFor: "CREATED",
  CreatedAt: "CREATED AT",
  LocalVolumes: "LOCAL VOLUMES",
} as const;
const COLUMNS = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];
/** On a narrow terminal; what containers are called by stays whole. */
const GIVE_WAY = ["Command", "Ports", "Image", "RunningFor", "Status"];
const LEFT_OUT = ["Command", "RunningFor"];
const COMMAND_LETTERS = 20;
const SORT_KEYS: SortKeys<ContainerSummary> = {
  created: ({ Created }) => Created,
  image: ({ Image }) => Image,
  name: ({ Names }) => Names[0] ?? "",
  size: ({ SizeRw }) => SizeRw ?? 0,
  status: ({ Status }) => Status,
};

/** `ps`. */
export const listContainers: Handler = async ({ flags, io, client, config }) => {
  const quiet = flags.on("quiet");
  const asked = flags.text("format") || (quiet ? "" : (config.file.psFormat ?? ""));
  const size = flags.on("size") || flags.text("sort") === "size" || /\.Size\b/.test(asked);
  const columns = flags.on("size") ? [...COLUMNS, "Size"] : COLUMNS;
  const format = asked === "" || asked === "table" ? (quiet ? "{{.ID}}" : tableOf(columns)) : asked;
  const isDefault = asked === "" || asked === "table";
  const width = isDefault && !flags.on("no-trunc") ? io.stdout.windowSize()?.columns || undefined : undefined;
  const print = rowFormatter(format, {
    typeName: "*formatter.ContainerContext",
    headers: HEADERS,
    columns,
    fit: width === undefined ? undefined : { width, shrinkable: GIVE_WAY, leftOut: LEFT_OUT },
  });
  const latest = flags.on("latest") ? 1 : flags.number("last");
  const api = await client();
  const containers = await api.containers.list({ all: flags.on("all"), size, limit: latest, filters: flags.filters() });
  const now = io.now();
  const sorted = sortBy(containers, flags.text("sort"), SORT_KEYS);
  const rows = sorted.map((container) => containerRow(container, { now, truncate: !flags.on("no-trunc") }));
  io.stdout.write(print(rows));
  return 0;
};

/** A container as `ps --format` sees it. */
export function containerRow(
  container: ContainerSummary,
  options: { readonly now: number; readonly truncate: boolean },
): Row {
  const { truncate, now } = options;
  const labels = container.Labels ?? {};
  const mounts = container.Mounts ?? [];
  const mountNames = mounts.map((mount) => (mount.Name === undefined || mount.Name === "" ? mount.Source : mount.Name));
  return {
    Command: JSON.stringify(truncate ? ellipsis(container.Command, COMMAND_LETTERS) : container.Command),
    get CreatedAt() {
      return goLocalTime(container.Created * 1000);
    },
    ID: truncate ? shortId(container.Id) : container.Id,
    Image: imageName(container, truncate),
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    LocalVolumes: String(mounts.filter(({ Driver }) => Driver === "local").length),
    Mounts: mountNames.map((name) => (truncate ? ellipsis(name, 15) : name)).join(","),
    Names: names(container, truncate),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(","),
    Platform: platformOf(container),
    Ports: displayPorts(container.Ports ?? []),
    RunningFor: `${humanDuration(now - container.Created * 1000)} ago`,
    Size: sizeText(container),
    State: container.State,
    Status: container.Status,
    Label: (name: unknown) => labels[String(name)] ?? "",
  };
}

/** Of the image's manifest; engines before API 1.48 do not tell it. */
function platformOf({ ImageManifestDescriptor }: ContainerSummary): unknown {
  const platform = ImageManifestDescriptor?.platform;
  if (platform === undefined) return null;
  const { os, architecture, variant = "" } = platform;
  const rare = ["os.version", "os.features", "variant"] as const;
  return struct(
    { architecture, os, ...Object.fromEntries(rare.map((name) => [name, platform[name] ?? ""])) },
    {
      typeName: "*formatter.Platform",
      fields: [],
      omitEmpty: new Set(rare),
      aliases: { Architecture: "architecture", OS: "os", OSVersion: "os.version", Variant: "variant" },
      text: [os, architecture, ...(variant === "" ? [] : [variant])].join("/"),
    },
  );
}

function imageName({ Image, ImageID }: ContainerSummary, truncate: boolean): string {
  if (Image === "") return "<no image>";
  if (!truncate) return Image;
  const short = shortId(ImageID);
  if (Image === ImageID || Image === short || /^(?:sha256:)?[0-9a-f]{64}$/.test(Image)) return shortId(Image);
  // A digest beside a name is left out.
  const at = Image.indexOf("@sha256:");
  return at === -1 ? Image : Image.slice(0, at);
}

function names({ Names }: ContainerSummary, truncate: boolean): string {
  const plain = Names.map((name) => name.replace(/^\//, ""));
  const shown = truncate ? plain.filter((name) => !name.includes("/")).slice(0, 1) : plain;
  return shown.join(",");
}

function sizeText({ SizeRw, SizeRootFs }: ContainerSummary): string {
  const written = decimalSize(SizeRw ?? 0, 3);
  return SizeRootFs !== undefined && SizeRootFs > 0 ? `${written} (virtual ${decimalSize(SizeRootFs, 3)})` : written;
}

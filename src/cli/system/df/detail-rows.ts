import { shortId } from "#base/ids.ts";
import { decimalSize, humanDuration } from "#base/units.ts";
import type { BuildCacheRecord, DiskUsage, VolumeUsage } from "#spec/docker/disk-usage.ts";
import type { ImageSummary } from "#spec/docker/image.ts";
import { containerRow } from "../../container/list.ts";
import type { Row } from "../../format/format-list.ts";
import { goLocalTime } from "../../format/local-time.ts";

export interface DetailRows {
  readonly Images: readonly Row[];
  readonly Containers: readonly Row[];
  readonly Volumes: readonly Row[];
  readonly BuildCache: readonly Row[];
}

/** Every object with its size, as `system df -v` shows it. Ids are whole unless they are truncated. */
export function detailRows(
  usage: DiskUsage,
  options: { readonly now: number; readonly truncate: boolean },
): DetailRows {
  return {
    Images: (usage.Images ?? []).map((image) => imageRow(image, options)),
    // docker-compat: here the size is what was written alone.
    Containers: (usage.Containers ?? []).map(({ SizeRootFs: _whole, ...container }) =>
      containerRow(container, options),
    ),
    Volumes: (usage.Volumes ?? []).map(volumeRow),
    BuildCache: (usage.BuildCache ?? []).map((record) => cacheRow(record, options)),
  };
}

/** docker-compat: one row an image, under its first name. */
function imageRow(image: ImageSummary, { now, truncate }: { readonly now: number; readonly truncate: boolean }): Row {
  const [name = "<none>:<none>"] = image.RepoTags ?? [];
  const colon = name.lastIndexOf(":");
  return {
    Containers: String(image.Containers),
    get CreatedAt() {
      return goLocalTime(image.Created * 1000);
    },
    CreatedSince: `${humanDuration(now - image.Created * 1000)} ago`,
    Digest: "",
    ID: truncate ? shortId(image.Id) : image.Id,
    Repository: name.slice(0, colon),
    SharedSize: image.SharedSize === -1 ? "N/A" : decimalSize(image.SharedSize),
    Size: decimalSize(image.Size, 3),
    Tag: name.slice(colon + 1),
    UniqueSize: image.SharedSize === -1 ? "N/A" : decimalSize(image.Size - image.SharedSize),
    VirtualSize: decimalSize(image.Size),
  };
}

function volumeRow({ Name, Driver, Scope, Mountpoint, Labels, UsageData }: VolumeUsage): Row {
  const labels = Object.entries(Labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return {
    Availability: "N/A",
    Driver,
    Group: "N/A",
    Labels: labels.join(","),
    Links: String(UsageData.RefCount),
    Mountpoint,
    Name,
    Scope,
    Size: UsageData.Size === -1 ? "N/A" : decimalSize(UsageData.Size),
    Status: "N/A",
  };
}

function cacheRow(
  record: BuildCacheRecord,
  { now, truncate }: { readonly now: number; readonly truncate: boolean },
): Row {
  const since = (time: string): string => `${humanDuration(now - Date.parse(time))} ago`;
  return {
    CacheType: record.Type,
    CreatedSince: since(record.CreatedAt),
    Description: record.Description,
    ID: `${truncate ? shortId(record.ID) : record.ID}${record.InUse ? "*" : ""}`,
    InUse: String(record.InUse),
    LastUsedSince: record.LastUsedAt === null ? "" : since(record.LastUsedAt),
    Shared: String(record.Shared),
    Size: decimalSize(record.Size, 3),
    UsageCount: String(record.UsageCount),
  };
}

import { decimalSize } from "#base/units.ts";
import type { DiskUsage } from "#spec/docker/disk-usage.ts";
import type { Row } from "../../format/format-list.ts";

/** A row for each kind of object. "Reclaimable" is what a prune of everything unused would give back. */
export function summaryRows(usage: DiskUsage): readonly Row[] {
  return [imagesRow(usage), containersRow(usage), volumesRow(usage), buildCacheRow(usage)];
}

interface Kind {
  readonly type: string;
  readonly count: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: string;
}

const row = ({ type, count, active, size, reclaimable }: Kind): Row => ({
  Active: String(active),
  Reclaimable: reclaimable,
  Size: decimalSize(size),
  TotalCount: String(count),
  Type: type,
});

/** With how many hundredths of the whole that is, rounded down. */
function share(bytes: number, whole: number): string {
  return whole > 0 ? `${decimalSize(bytes)} (${Math.trunc((bytes * 100) / whole)}%)` : decimalSize(bytes);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function imagesRow({ Images, LayersSize }: DiskUsage): Row {
  const active = (Images ?? []).filter(({ Containers }) => Containers !== 0);
  const used = sum(active.map(({ Size, SharedSize }) => (Size === -1 || SharedSize === -1 ? 0 : Size - SharedSize)));
  const reclaimable = share(LayersSize - used, LayersSize);
  return row({
    type: "Images",
    count: Images?.length ?? 0,
    active: active.filter(({ Containers }) => Containers > 0).length,
    size: LayersSize,
    reclaimable,
  });
}

function containersRow({ Containers }: DiskUsage): Row {
  const all = Containers ?? [];
  const active = all.filter(({ State }) => ["running", "paused", "restarting"].includes(State));
  const size = sum(all.map(({ SizeRw }) => SizeRw ?? 0));
  const free = size - sum(active.map(({ SizeRw }) => SizeRw ?? 0));
  return row({
    type: "Containers",
    count: all.length,
    active: active.length,
    size,
    reclaimable: share(free, size),
  });
}

function volumesRow({ Volumes }: DiskUsage): Row {
  const all = Volumes ?? [];
  const known = all.filter(({ UsageData }) => UsageData.Size !== -1);
  const size = sum(known.map(({ UsageData }) => UsageData.Size));
  const free = sum(known.filter(({ UsageData }) => UsageData.RefCount === 0).map(({ UsageData }) => UsageData.Size));
  return row({
    type: "Local Volumes",
    count: all.length,
    active: all.filter(({ UsageData }) => UsageData.RefCount > 0).length,
    size,
    reclaimable: share(free, size),
  });
}

function buildCacheRow({ BuildCache }: DiskUsage): Row {
  const all = BuildCache ?? [];
  const size = sum(all.filter(({ Shared }) => !Shared).map(({ Size }) => Size));
  const inUse = sum(all.filter(({ Shared, InUse }) => InUse && !Shared).map(({ Size }) => Size));
  return row({
    type: "Build Cache",
    count: all.length,
    active: all.filter(({ InUse }) => InUse).length,
    size,
    reclaimable: decimalSize(size - inUse),
  });
}

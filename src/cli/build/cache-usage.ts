import { decimalSize } from "#base/units.ts";
import type { BuildCacheRecord } from "#spec/docker/disk-usage.ts";
import { cacheFilter } from "./cache-filter.ts";
import type { Handler } from "../command.ts";

/** `builder du`: records of the cache, the largest first. */
export const cacheUsage: Handler = async ({ flags, io, client }) => {
  const wanted = cacheFilter(flags.filters());
  const all = await (await client()).build.records();
  const records = all.filter(wanted).toSorted((a, b) => b.Size - a.Size);
  io.stdout.write(flags.on("verbose") ? records.map(paragraph).join("\n") : table(records));
  const sum = (kept: readonly BuildCacheRecord[]): string =>
    decimalSize(kept.reduce((total, { Size }) => total + Size, 0));
  const rows: readonly (readonly [string, string])[] = [
    ["Shared", sum(records.filter(({ Shared }) => Shared))],
    ["Private", sum(records.filter(({ Shared }) => !Shared))],
    ["Reclaimable", sum(records.filter(({ InUse }) => !InUse))],
    ["Total", sum(records)],
  ];
  io.stdout.write(rows.map(([name, size]) => `${`${name}:`.padEnd(16)}${size}\n`).join(""));
  return 0;
};

function table(records: readonly BuildCacheRecord[]): string {
  const rows = records.map(({ ID, InUse, Size, LastUsedAt }) => [
    ID,
    String(!InUse),
    decimalSize(Size),
    LastUsedAt ?? "",
  ]);
  const all = [["ID", "RECLAIMABLE", "SIZE", "LAST ACCESSED"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)) + 4);
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("")
          .trimEnd()}\n`,
    )
    .join("");
}

function paragraph(record: BuildCacheRecord): string {
  const rows: readonly (readonly [string, string])[] = [
    ["ID", record.ID],
    ["Created at", record.CreatedAt],
    ["Reclaimable", String(!record.InUse)],
    ["Shared", String(record.Shared)],
    ["Size", decimalSize(record.Size)],
    ["Description", record.Description],
    ["Usage count", String(record.UsageCount)],
    ["Last used", record.LastUsedAt ?? ""],
    ["Type", record.Type],
  ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(16)}${value}\n`).join("");
}

import { shortId } from "#base/ids.ts";
import { humanDuration } from "#base/units.ts";
import type { BuildHistoryEntry } from "#spec/berth/build-history.ts";
import type { Handler } from "../../command.ts";
import { rowFormatter, tableOf, type Row } from "../../format/format-list.ts";
import { seconds } from "../progress.ts";
import { buildFilter } from "./build-filter.ts";
import { stepCounts } from "./step-counts.ts";

const HEADERS = { Ref: "BUILD ID", CreatedAt: "CREATED AT" } as const;
const COLUMNS = ["Ref", "Name", "Status", "CreatedAt", "Duration"];
const WORDS = { running: "Running", completed: "Completed", error: "Error", canceled: "Canceled" } as const;

/** `builder history ls`. */
export const listBuilds: Handler = async ({ flags, io, client }) => {
  const asked = flags.text("format");
  const print = rowFormatter(asked === "" || asked === "table" ? tableOf(COLUMNS) : asked, {
    ...{ typeName: "*commands.historyContext", headers: HEADERS, columns: COLUMNS },
  });
  const wanted = buildFilter(flags.list("filter"), io.now());
  const entries = (await (await client()).build.history()).filter(wanted);
  io.stdout.write(print(entries.map((entry) => rowOf(entry, flags.on("no-trunc"), io.now()))));
  return 0;
};

function rowOf(entry: BuildHistoryEntry, whole: boolean, nowMs: number): Row {
  const { total, done, cached } = stepCounts(entry);
  return {
    Ref: whole ? entry.id : shortId(entry.id),
    Name: entry.name,
    Status: WORDS[entry.status],
    CreatedAt: `${humanDuration(nowMs - Date.parse(entry.createdAt))} ago`,
    CompletedAt: entry.completedAt === null ? "" : `${humanDuration(nowMs - Date.parse(entry.completedAt))} ago`,
    Duration: `${seconds(entry.durationMs)}${entry.status === "running" ? "+" : ""}`,
    TotalSteps: total,
    CompletedSteps: done,
    CachedSteps: cached,
  };
}

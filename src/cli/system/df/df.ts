import { BerthError, messageOf } from "#base/errors.ts";
import { compileTemplate } from "#base/template/execute.ts";
import { struct } from "#base/template/struct.ts";
import { decimalSize } from "#base/units.ts";
import type { DiskUsage } from "#spec/docker/disk-usage.ts";
import type { Handler } from "../../command.ts";
import { rowFormatter, tableOf, type Row } from "../../format/format-list.ts";
import { detailRows, type DetailRows } from "./detail-rows.ts";
import { summaryRows } from "./summary-rows.ts";

const SUMMARY = {
  typeName: "*formatter.diskUsageImagesContext",
  headers: { TotalCount: "TOTAL" },
  columns: ["Type", "TotalCount", "Active", "Size", "Reclaimable"],
  mistake: "template parsing error",
} as const;

/** `system df`: what lies on the engine's disk, kind by kind or, with `-v`, object by object. */
export const diskUsage: Handler = async ({ flags, io, client }) => {
  const asked = flags.text("format");
  const table = asked === "" || /^table(?=\s|$)/.test(asked);
  if (!flags.on("verbose")) {
    const print = rowFormatter(asked === "" || asked === "table" ? tableOf(SUMMARY.columns) : asked, SUMMARY);
    io.stdout.write(print(summaryRows(await (await client()).system.diskUsage())));
    return 0;
  }
  const render = table ? undefined : templated(asked === "json" ? "{{json .}}" : asked);
  const usage = await (await client()).system.diskUsage();
  const rows = detailRows(usage, { now: io.now(), truncate: table });
  io.stdout.write(render === undefined ? sections(rows, usage) : render(rows));
  return 0;
};

interface Section {
  readonly title: string;
  readonly columns: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

const IMAGES: Section = {
  title: "Images space usage:",
  columns: ["Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers"],
  headers: {
    ID: "IMAGE ID",
    CreatedSince: "CREATED",
    SharedSize: "SHARED SIZE",
    UniqueSize: "UNIQUE SIZE",
  },
};
const CONTAINERS: Section = {
  title: "Containers space usage:",
  columns: ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"],
  headers: { ID: "CONTAINER ID", LocalVolumes: "LOCAL VOLUMES", RunningFor: "CREATED" },
};
const VOLUMES: Section = {
  title: "Local Volumes space usage:",
  columns: ["Name", "Links", "Size"],
  headers: { Name: "VOLUME NAME" },
};
const CACHE: Section = {
  title: "",
  columns: ["ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared"],
  headers: {
    ID: "CACHE ID",
    CacheType: "CACHE TYPE",
    CreatedSince: "CREATED",
    LastUsedSince: "LAST USED",
    UsageCount: "USAGE",
  },
};

function sections(rows: DetailRows, usage: DiskUsage): string {
  const cache = (usage.BuildCache ?? []).filter(({ Shared }) => !Shared).reduce((sum, { Size }) => sum + Size, 0);
  return [
    section(IMAGES, rows.Images),
    section(CONTAINERS, rows.Containers),
    section(VOLUMES, rows.Volumes),
    section({ ...CACHE, title: `Build cache usage: ${decimalSize(cache)}` }, rows.BuildCache),
  ].join("\n");
}

function section({ title, columns, headers }: Section, rows: readonly Row[]): string {
  return `${title}\n\n${rowFormatter(tableOf(columns), { typeName: "", headers, columns })(rows)}`;
}

function templated(format: string): (rows: DetailRows) => string {
  let render: (data: unknown) => string;
  try {
    render = compileTemplate(format);
  } catch (error) {
    throw new BerthError("invalid-parameter", `template parsing error: ${messageOf(error)}`, { cause: error });
  }
  const structs = (rows: readonly Row[], typeName: string): readonly unknown[] =>
    rows.map((row) => struct(row, { typeName, fields: [], aliases: {}, escapeHtml: true }));
  return (rows) =>
    render(
      struct(
        {
          Images: structs(rows.Images, "*formatter.imageContext"),
          Containers: structs(rows.Containers, "*formatter.ContainerContext"),
          Volumes: structs(rows.Volumes, "*formatter.volumeContext"),
          BuildCache: structs(rows.BuildCache, "*formatter.buildCacheContext"),
        },
        { typeName: "*formatter.diskUsageContext", fields: [], aliases: {}, escapeHtml: true },
      ),
    );
}

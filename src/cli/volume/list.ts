import { decimalSize } from "#base/units.ts";
import type { ClusterVolume, ShownVolume } from "#client/volumes-api.ts";
import type { Handler } from "../command.ts";
import { rowFormatter, tableOf, type Row } from "../format/format-list.ts";
import { naturalOrder } from "../format/natural-order.ts";

const HEADERS = { Name: "VOLUME NAME" } as const;
const COLUMNS = ["Driver", "Name"];
const CLUSTER_COLUMNS = ["Name", "Group", "Driver", "Availability", "Status"];
const UNKNOWN = "N/A";

/** `volume ls`. */
export const listVolumes: Handler = async ({ flags, io, client, config }) => {
  const quiet = flags.on("quiet");
  const cluster = flags.on("cluster");
  // docker-compat: --cluster has one format.
  const format = cluster ? "" : flags.text("format") || (quiet ? "" : (config.file.volumesFormat ?? ""));
  const volumes = await (await client()).volumes.list(flags.filters());
  const shown = cluster ? volumes.filter(({ ClusterVolume: known }) => (known ?? undefined) !== undefined) : volumes;
  io.stdout.write(volumeList(shown, { format, quiet, columns: cluster ? CLUSTER_COLUMNS : COLUMNS }));
  return 0;
};

/** Volumes by name, as `format` says or as a table; names alone when `quiet` and no format is given. */
export function volumeList(
  volumes: readonly ShownVolume[],
  {
    format,
    quiet,
    columns = COLUMNS,
  }: { readonly format: string; readonly quiet: boolean; readonly columns?: readonly string[] },
): string {
  const print = rowFormatter(format === "" || format === "table" ? (quiet ? "{{.Name}}" : tableOf(columns)) : format, {
    typeName: "*formatter.volumeContext",
    headers: HEADERS,
    columns,
    mistake: "template parsing error",
  });
  return print(volumes.toSorted((a, b) => naturalOrder(a.Name, b.Name)).map(volumeRow));
}

function volumeRow(volume: ShownVolume): Row {
  const labels = volume.Labels ?? {};
  const usage = volume.UsageData ?? undefined;
  const cluster = volume.ClusterVolume ?? undefined;
  return {
    Availability: cluster === undefined ? UNKNOWN : (cluster.Spec.Availability ?? ""),
    Driver: volume.Driver,
    Group: cluster === undefined ? UNKNOWN : (cluster.Spec.Group ?? ""),
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    Links: usage === undefined ? UNKNOWN : String(usage.RefCount),
    Mountpoint: volume.Mountpoint,
    Name: volume.Name,
    Scope: volume.Scope,
    Size: usage === undefined ? UNKNOWN : decimalSize(usage.Size),
    Status: cluster === undefined ? UNKNOWN : clusterStatus(cluster),
    Label: (name: unknown) => labels[String(name)] ?? "",
  };
}

function clusterStatus({ Info, PublishStatus }: ClusterVolume): string {
  if (!Info?.VolumeID) return "pending creation";
  const nodes = PublishStatus?.length ?? 0;
  return nodes === 0 ? "created" : `in use (${String(nodes)} node${nodes === 1 ? "" : "s"})`;
}

import { shortId } from "#base/ids.ts";
import { binarySize, decimalSize, humanDuration } from "#base/units.ts";
import { displayPorts } from "../../container/ports.ts";
import { harmless } from "../letters.ts";
import type { Model } from "../model.ts";
import { visibleRows, type ListRow } from "../rows.ts";
import { dim, type Line, type Style } from "../screen.ts";
import { table, type Cell, type Column } from "./table.ts";

/** The list of the tab that is shown, with its headings. */
export function listLines(model: Model): readonly Line[] {
  const { rows, selected, count } = visibleRows(model);
  if (count === 0) return [[], [dim(`  ${emptyText(model)}`)]];
  return table(columnsOf(model), rows, model.size.columns, selected);
}

function emptyText({ tab, filter, all }: Model): string {
  if (filter !== "") return `nothing matches "${harmless(filter)}": escape shows all`;
  if (tab === "containers" && !all) return "no container runs: a shows the stopped ones too";
  return `no ${tab} yet`;
}

function columnsOf(model: Model): readonly Column<ListRow>[] {
  switch (model.tab) {
    case "containers":
      return containerColumns(model);
    case "images":
      return imageColumns(model);
    case "volumes":
      return volumeColumns(model);
    case "networks":
      return networkColumns(model);
  }
}

const text = (value: string): Cell => ({ text: harmless(value) });

function containerColumns({ usage }: Model): readonly Column<ListRow>[] {
  const used = (row: ListRow, show: (use: NonNullable<ReturnType<typeof usage.get>>) => string): Cell => {
    const use = usage.get(row.id);
    return { text: use === undefined ? "" : show(use) };
  };
  return [
    { title: "NAME", cell: ({ name }) => text(name), least: 24 },
    { title: "STATE", cell: ({ container }) => stateCell(container?.State ?? "", container?.Status ?? ""), usual: 10 },
    { title: "CPU %", cell: (row) => used(row, ({ cpuPercent }) => cpuPercent.toFixed(1)), right: true },
    {
      title: "MEM",
      cell: (row) => used(row, ({ memoryBytes }) => memoryText(memoryBytes)),
      right: true,
      usual: SIZE,
    },
    { title: "PORTS", cell: ({ container }) => text(displayPorts(container?.Ports ?? [])), least: 14 },
    { title: "IMAGE", cell: ({ container }) => text(container?.Image ?? ""), least: 12 },
    { title: "STATUS", cell: ({ container }) => text(container?.Status ?? ""), least: 9, usual: 23 },
    {
      title: "NET I/O",
      cell: (row) => used(row, (use) => both(use.receivedBytes, use.sentBytes)),
      right: true,
      usual: BOTH,
    },
    {
      title: "BLOCK I/O",
      cell: (row) => used(row, (use) => both(use.readBytes, use.writtenBytes)),
      right: true,
      usual: BOTH,
    },
    { title: "PIDS", cell: (row) => used(row, ({ pids }) => String(pids)), right: true, usual: 5 },
  ];
}

/** `1023MiB`, and `999kB / 1.23GB`. */
const SIZE = 7;
const BOTH = 15;

/** Three digits, and four where there would be an exponent: `1023MiB`. */
function memoryText(bytes: number): string {
  const short = binarySize(bytes, 3);
  return short.includes("e") ? binarySize(bytes) : short;
}

const both = (one: number, other: number): string => `${decimalSize(one, 3)} / ${decimalSize(other, 3)}`;

/** What a health check says goes before the state, which it implies. */
function stateCell(state: string, status: string): Cell {
  const health = /\((healthy|unhealthy|health: starting)\)/.exec(status)?.[1];
  const code = /^Exited \((\d+)\)/.exec(status)?.[1];
  const shown = health === "health: starting" ? "starting" : (health ?? state);
  const styles: Readonly<Record<string, Style>> = {
    running: "good",
    healthy: "good",
    starting: "warning",
    paused: "warning",
    restarting: "warning",
    unhealthy: "bad",
    dead: "bad",
  };
  if (code !== undefined && code !== "0") return { text: `${shown} ${code}`, style: "bad" };
  return { text: shown, style: styles[shown] ?? "dim" };
}

function imageColumns({ lists, now }: Model): readonly Column<ListRow>[] {
  const byName = new Map(
    lists.images.flatMap((image) => [image.Id, ...(image.RepoTags ?? [])].map((key) => [key, image])),
  );
  const imageOf = ({ id }: ListRow) => byName.get(id);
  return [
    { title: "IMAGE", cell: ({ name }) => text(name), least: 20 },
    { title: "ID", cell: (row) => text(shortId(imageOf(row)?.Id ?? "")) },
    { title: "SIZE", cell: (row) => text(decimalSize(imageOf(row)?.Size ?? 0, 3)), right: true },
    { title: "CREATED", cell: (row) => text(`${humanDuration(now - (imageOf(row)?.Created ?? 0) * 1000)} ago`) },
  ];
}

function volumeColumns({ lists }: Model): readonly Column<ListRow>[] {
  const byName = new Map(lists.volumes.map((volume) => [volume.Name, volume]));
  return [
    { title: "VOLUME", cell: ({ name }) => text(name), least: 20 },
    { title: "DRIVER", cell: ({ id }) => text(byName.get(id)?.Driver ?? "") },
    { title: "MADE", cell: ({ id }) => text(byName.get(id)?.CreatedAt.replace("T", " ").replace(/Z$/, "") ?? "") },
    { title: "PLACE", cell: ({ id }) => text(byName.get(id)?.Mountpoint ?? ""), least: 8 },
  ];
}

function networkColumns({ lists }: Model): readonly Column<ListRow>[] {
  const byId = new Map(lists.networks.map((network) => [network.Id, network]));
  return [
    { title: "NETWORK", cell: ({ name }) => text(name), least: 24 },
    { title: "DRIVER", cell: ({ id }) => text(byId.get(id)?.Driver ?? "") },
    { title: "ID", cell: ({ id }) => text(shortId(id)) },
    {
      title: "SUBNETS",
      cell: ({ id }) => text((byId.get(id)?.IPAM.Config ?? []).map(({ Subnet = "" }) => Subnet).join(", ")),
      least: 8,
    },
    { title: "INTERNAL", cell: ({ id }) => text(byId.get(id)?.Internal === true ? "yes" : "") },
  ];
}

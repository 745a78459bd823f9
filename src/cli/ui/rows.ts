import type { ContainerSummary } from "#spec/docker/container.ts";
import { naturalOrder } from "../format/natural-order.ts";
import type { Model, Target } from "./model.ts";

/** Of the list that is shown, by name, what the filter leaves. */
export interface ListRow extends Target {
  readonly container?: ContainerSummary;
}

const NO_NAME = "<none>";

export function containerName({ Id, Names }: Pick<ContainerSummary, "Id" | "Names">): string {
  const plain = Names.map((name) => name.replace(/^\//, ""));
  return plain.find((name) => !name.includes("/")) ?? plain[0] ?? Id.slice(0, 12);
}

export const isRunning = ({ State }: ContainerSummary): boolean => State === "running" || State === "paused";

export function rowsOf({ tab, lists, all, filter }: Model): readonly ListRow[] {
  const wanted = filter.toLowerCase();
  const matches = (...texts: readonly string[]): boolean =>
    wanted === "" || texts.some((text) => text.toLowerCase().includes(wanted));
  const rows = ((): readonly ListRow[] => {
    switch (tab) {
      case "containers":
        return lists.containers
          .filter((container) => all || isRunning(container))
          .filter((container) => matches(containerName(container), container.Image, container.Id, container.Status))
          .map((container) => ({ tab, id: container.Id, name: containerName(container), container }));
      case "images":
        return lists.images.flatMap(({ Id, RepoTags }) =>
          (RepoTags ?? []).length === 0
            ? [{ tab, id: Id, name: NO_NAME }].filter(() => matches(NO_NAME, Id))
            : // By name: an image of several names is in several lines.
              (RepoTags ?? []).filter((name) => matches(name, Id)).map((name) => ({ tab, id: name, name })),
        );
      case "volumes":
        return lists.volumes.filter(({ Name }) => matches(Name)).map(({ Name }) => ({ tab, id: Name, name: Name }));
      case "networks":
        return lists.networks
          .filter(({ Name, Driver, Id }) => matches(Name, Driver, Id))
          .map(({ Id, Name }) => ({ tab, id: Id, name: Name }));
    }
  })();
  return rows.toSorted((a, b) => naturalOrder(a.name, b.name) || (a.id < b.id ? -1 : 1));
}

/** Where the selection is among `rows`; -1 when there are none. */
export function selectedIndex({ selected, tab }: Model, rows: readonly ListRow[]): number {
  const { id, index } = selected[tab];
  const at = rows.findIndex((row) => row.id === id);
  return at === -1 ? Math.min(Math.max(0, index), rows.length - 1) : at;
}

/** Lines that the screen has for the list, under the title and the headings and above the two lines at the bottom. */
export function listHeight({ size }: Model): number {
  return Math.max(1, size.rows - 4);
}

/** The part of the list that is seen, with the selection in it. */
export function visibleRows(model: Model): {
  readonly rows: readonly ListRow[];
  readonly selected: number;
  readonly count: number;
} {
  const rows = rowsOf(model);
  const height = listHeight(model);
  const at = selectedIndex(model, rows);
  const top = Math.max(0, Math.min(at - Math.floor(height / 2), rows.length - height));
  return { rows: rows.slice(top, top + height), selected: at - top, count: rows.length };
}

import { decimalSize } from "#base/units.ts";
import type { ContainersPruned, ImagesPruned } from "#spec/docker/prune.ts";

/** What was removed, as a heading and a list; empty when nothing was. */
export function deletedList(title: string, names: readonly string[] | null | undefined): string {
  return names === null || names === undefined || names.length === 0 ? "" : `${title}:\n${names.join("\n")}\n\n`;
}

export const deletedContainers = ({ ContainersDeleted }: ContainersPruned): string =>
  deletedList("Deleted Containers", ContainersDeleted);

export const deletedImages = ({ ImagesDeleted }: ImagesPruned): string =>
  deletedList(
    "Deleted Images",
    ImagesDeleted?.map((item) => ("Untagged" in item ? `untagged: ${item.Untagged}` : `deleted: ${item.Deleted}`)),
  );

export const reclaimed = (bytes: number): string => `Total reclaimed space: ${decimalSize(bytes)}\n`;

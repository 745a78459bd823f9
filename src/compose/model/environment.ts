import { boolean, looseTextOrNull, oneOf, path } from "../shape/scalars.ts";
import { listOf, listOrOne, pairs, record, short } from "../shape/collections.ts";
import type { Shape } from "../shape/shape.ts";
import { mappingNode, type ComposeNode, type MappingNode } from "../source/node.ts";

/** Variables; null has the value of the person's own variable, or is left out. */
export const environmentOf: Shape<Readonly<Record<string, string | null>>> = pairs(looseTextOrNull);

export interface EnvironmentFile {
  readonly path: string;
  /** False: it may be missing. */
  readonly required?: boolean;
  /** `raw`: values are taken as they stand. */
  readonly format?: "raw";
}

const file = record({ path, required: boolean, format: oneOf("raw") }, { required: ["path"] });

export const environmentFiles: Shape<readonly EnvironmentFile[]> = listOrOne(
  listOf(
    short({ ...file, value: (node) => file.value(node) as EnvironmentFile }, (node) =>
      node.kind === "scalar" ? mappingNode([["path", node]], node.at) : undefined,
    ),
    { key: (item) => pathOf(item) },
  ),
);

const pathOf = (item: ComposeNode): string => {
  const found = (item as MappingNode).entries.get("path");
  return found?.kind === "scalar" ? String(found.value) : "";
};

import { mappingNode, scalarNode, sequenceNode, type ComposeNode, type MergeTag, type ScalarNode } from "./node.ts";

/** A node as it is stored: line, column, content, tag. */
type Stored =
  | readonly [line: number, column: number, kind: 0, value: ScalarNode["value"], tag?: MergeTag]
  | readonly [line: number, column: number, kind: 1, items: readonly Stored[], tag?: MergeTag]
  | readonly [line: number, column: number, kind: 2, entries: readonly (readonly [string, Stored])[], tag?: MergeTag];

/** Nodes as JSON, without the name of their file; undefined for what JSON cannot hold. */
export function storeNodes(nodes: readonly ComposeNode[]): string | undefined {
  let storable = true;
  const text = JSON.stringify(nodes.map(stored), (_key, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) storable = false;
    return value;
  });
  return storable ? text : undefined;
}

function stored(node: ComposeNode): Stored {
  const { line, column } = node.at;
  const tag = node.tag === undefined ? ([] as const) : ([node.tag] as const);
  switch (node.kind) {
    case "scalar":
      return [line, column, 0, node.value, ...tag];
    case "sequence":
      return [line, column, 1, node.items.map(stored), ...tag];
    case "mapping":
      return [line, column, 2, [...node.entries].map(([key, value]) => [key, stored(value)] as const), ...tag];
  }
}

/** What {@link storeNodes} wrote, as nodes of the file. */
export function restoreNodes(text: string, file: string): readonly ComposeNode[] {
  const restore = (item: Stored): ComposeNode => {
    const [line, column, , , tag] = item;
    const node = bare(item, { file, line, column });
    return tag === undefined ? node : { ...node, tag };
  };
  const bare = (item: Stored, at: ComposeNode["at"]): ComposeNode => {
    switch (item[2]) {
      case 0:
        return scalarNode(item[3], at);
      case 1:
        return sequenceNode(item[3].map(restore), at);
      case 2:
        return mappingNode(
          item[3].map(([key, value]) => [key, restore(value)] as const),
          at,
        );
    }
  };
  return (JSON.parse(text) as readonly Stored[]).map(restore);
}

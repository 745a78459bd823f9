import { expect, test } from "bun:test";
import { parseYaml } from "./parse-yaml.ts";
import { restoreNodes, storeNodes } from "./stored-nodes.ts";

test("nodes come back as they were, with places, tags and the order of keys", () => {
  const text =
    'services:\n  "10": {image: b, ports: !reset [], x: !override {a: ~}}\n  "2": &a [1, 0o17, true, text]\n  c: *a\n';
  const nodes = parseYaml(text, "/p/compose.yaml");
  const written = storeNodes(nodes) ?? "";
  expect(restoreNodes(written, "/p/compose.yaml")).toEqual(nodes);
  expect(restoreNodes(written, "/other")[0]?.at).toEqual({ file: "/other", line: 1, column: 1 });
});

test("what JSON cannot hold is not stored", () => {
  expect(storeNodes(parseYaml("a: .inf", "f"))).toBeUndefined();
});

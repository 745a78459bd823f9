import { describe, expect, test } from "bun:test";
import { plainValue, type MappingNode } from "./node.ts";
import { parseYaml } from "./parse-yaml.ts";

const plain = (text: string): unknown => parseYaml(text, "c.yaml").map(plainValue);

describe("YAML as Compose reads it", () => {
  test("values, anchors and merge keys", () => {
    expect(
      plain(`
x-a: &a {image: one, tty: true}
x-b: &b {image: two, init: true}
services:
  s:
    <<: [*a, *b]
    ports: ["80:80", 8080, 0444, 1.5, 22:22]
    tty: false
    none:
`),
    ).toEqual([
      {
        "x-a": { image: "one", tty: true },
        "x-b": { image: "two", init: true },
        services: {
          s: { image: "one", init: true, ports: ["80:80", 8080, 0o444, 1.5, "22:22"], tty: false, none: null },
        },
      },
    ]);
  });

  test("several documents, empty ones left out", () => {
    expect(plain("---\na: 1\n---\n# nothing\n---\nb: 2\n")).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test("places and merge tags", () => {
    const [root] = parseYaml(
      "services:\n  web:\n    ports: !reset null\n    dns: !override\n      - 1.1.1.1\n",
      "c.yaml",
    );
    const web = (root as MappingNode).entries.get("services") as MappingNode;
    const entries = (web.entries.get("web") as MappingNode).entries;
    expect(entries.get("ports")).toMatchObject({ tag: "reset", at: { file: "c.yaml", line: 3 } });
    expect(entries.get("dns")).toMatchObject({ tag: "override", kind: "sequence" });
  });

  test.each([
    ["a: [1", /^c\.yaml:1: yaml: .*/],
    ["a: 1\nb: 2\na: 3\n", /^c\.yaml:3: yaml: Map keys must be unique/],
    ["a: *nobody", /^c\.yaml:1: yaml: .*nobody/],
    ["a: &a [*a]", /^c\.yaml:1: yaml: .*/],
    ["? [x]\n: 1", /^c\.yaml:1: yaml: a key must be a word/],
    ["<<: 3", /map merge requires map/],
  ])("%j is refused", (text, message) => {
    expect(() => parseYaml(text, "c.yaml")).toThrow(message);
  });

  test("a bomb of aliases is refused", () => {
    let text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
    for (let level = 1; level < 6; level++) {
      text += `a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(",")}]\n`;
    }
    expect(() => parseYaml(text, "c.yaml")).toThrow(/too many aliases/);
  });
});

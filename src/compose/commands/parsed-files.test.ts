import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import type { CliIo } from "#cli/cli-io.ts";
import { ParsedFiles, ParserNeeded, parserVersion } from "./parsed-files.ts";

test("the parser's version is its text's", () => {
  const folder = join(import.meta.dirname, "../source");
  const text = ["parse-yaml.ts", "stored-nodes.ts"].map((name) => readFileSync(join(folder, name), "utf8")).join("");
  const library = readFileSync(join(folder, "../../../node_modules/yaml/package.json"), "utf8");
  const { version } = JSON.parse(library) as { readonly version: string };
  expect(parserVersion).toBe(
    createHash("sha256")
      .update(text + version)
      .digest("hex")
      .slice(0, 12),
  );
});

test("a file is parsed when its text is another one than the last time", async () => {
  const files = new Map<string, string>();
  const io = {
    env: {},
    homeDirectory: "/home/me",
    readFile: (path: string) => files.get(path),
    writeFile: (path: string, content: string) => void files.set(path, content),
  } as unknown as CliIo;
  const first = new ParsedFiles(io);
  expect(() => first.read("a: 1", "/p/compose.yaml")).toThrow(ParserNeeded);
  await first.loadParser();
  const nodes = first.read("a: 1", "/p/compose.yaml");
  expect([...files.keys()]).toEqual([
    expect.stringMatching(/^\/home\/me\/\.cache\/berth\/compose\/parsed\/[0-9a-f]{32}$/u),
  ]);
  expect(new ParsedFiles(io).read("a: 1", "/p/compose.yaml")).toEqual(nodes);
  expect(() => new ParsedFiles(io).read("a: 2", "/p/compose.yaml")).toThrow(ParserNeeded);
  expect(() => new ParsedFiles(io).read("a: 1", "/q/compose.yaml")).toThrow(ParserNeeded);
  for (const [path, content] of files) files.set(path, content.slice(0, -3));
  expect(() => new ParsedFiles(io).read("a: 1", "/p/compose.yaml")).toThrow(ParserNeeded);
  // Standard input is nobody's file.
  first.read("a: 1", "-");
  expect(files.size).toBe(1);
});

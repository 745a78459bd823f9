/** Every key of a Compose file is seen at work somewhere: in a project that docker compose makes too, or in a test by name. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFile } from "#compose/model/project.ts";
import { loadProject } from "#compose/load/load-project.ts";
import { findFiles } from "#compose/load/find-files.ts";
import { parseYaml } from "#compose/source/parse-yaml.ts";
import { plainValue, type ComposeNode } from "#compose/source/node.ts";
import { seenElsewhere } from "./compose-keys.ts";

const corpus = join(import.meta.dirname, "../clients/compose/corpus");
const root = join(import.meta.dirname, "../..");
const keys: readonly string[] = projectFile.keys?.() ?? [];
const readText = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, "utf8") : undefined);

/** Keys of the table that stand in a file as it was understood: short forms are long, names are `*`. */
function keysOf(node: ComposeNode, path: string, found: Set<string>): void {
  if (node.kind === "sequence") for (const item of node.items) keysOf(item, path, found);
  if (node.kind !== "mapping") return;
  for (const [key, value] of node.entries) {
    const own = path === "" ? key : `${path}.${key}`;
    const named = `${path}.*`;
    const known = keys.includes(own) ? own : keys.some((each) => each.startsWith(`${named}.`)) ? named : undefined;
    if (known === undefined) continue;
    found.add(known);
    keysOf(value, known, found);
  }
}

/** Keys as they are written, of what is gone when a project has been read. */
function writtenKeys(value: unknown, found: Set<string>): void {
  const file = value as {
    readonly include?: readonly unknown[];
    readonly services?: Readonly<Record<string, unknown>>;
  };
  for (const one of file.include ?? [])
    for (const key of typeof one === "string" ? ["path"] : Object.keys(one as object)) found.add(`include.${key}`);
  if (file.include !== undefined) found.add("include");
  for (const service of Object.values(file.services ?? {})) {
    const from = (service as { readonly extends?: unknown } | null)?.extends;
    if (from === undefined) continue;
    found.add("services.*.extends");
    for (const key of typeof from === "string" ? ["service"] : Object.keys(from as object))
      found.add(`services.*.extends.${key}`);
  }
}

/** Keys of projects that are compared with docker compose on one engine (tests/clients/compose-projects). */
function compared(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const project of readdirSync(corpus)) {
    const folder = join(corpus, project);
    const { files } = findFiles({ given: [], projectDirectory: "", currentDirectory: folder, exists: existsSync });
    const parse = (text: string, path: string) => parseYaml(text, path);
    const { source } = loadProject(
      {
        ...{ files, workingDirectory: folder, name: "", environmentFiles: [], shell: { PASSED: "passed" } },
        ...{ profiles: ["*"], services: [], homeFolder: "/", consistency: false },
        ...(existsSync(join(folder, ".env")) ? { environmentFiles: [join(folder, ".env")] } : {}),
      },
      { readText, parse },
    );
    keysOf(source, "", found);
    for (const file of files)
      for (const node of parse(readText(file) ?? "", file)) writtenKeys(plainValue(node), found);
  }
  return found;
}

test("every key of a Compose file is seen at work", () => {
  const found = compared();
  expect(found.size).toBeGreaterThan(150);
  const missing = keys.filter((key) => !found.has(key));
  expect(missing.filter((key) => seenElsewhere[key] === undefined)).toEqual([]);
  // The list is true: what is compared by now is not in it, and what it names is there.
  expect(Object.keys(seenElsewhere).filter((key) => !missing.includes(key))).toEqual([]);
  for (const [key, { file, test: name }] of Object.entries(seenElsewhere)) {
    const text = readText(join(root, file)) ?? "";
    const word = key.split(".").findLast((part) => part !== "*") ?? key;
    expect([key, text.includes(JSON.stringify(name).slice(1, -1)), text.includes(word)]).toEqual([key, true, true]);
  }
});

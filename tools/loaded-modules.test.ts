import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { makeScratch, removeScratch } from "./lab/scratch.ts";
import { programBuild } from "./program-build.ts";

interface Import {
  readonly path: string;
  readonly kind: string;
  /** A module of the runtime; only what is imported by a file says so, not what is by a piece. */
  readonly external?: boolean;
}

interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly Import[] }>>;
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly entryPoint?: string;
        readonly inputs: Readonly<Record<string, unknown>>;
        readonly imports: readonly Import[];
      }
    >
  >;
}

const root = new URL("..", import.meta.url).pathname;
const scratch = makeScratch("loaded-modules");
// As it is built: which files go along in one piece depends on all of it.
const built = await Bun.build({ ...programBuild(root, join(scratch, "berth")), metafile: true });
const { inputs, outputs } = (built as unknown as { readonly metafile: Metafile }).metafile;
afterAll(() => removeScratch(scratch));

/** What is loaded with `entries`, modules that are imported dynamically: files of the project, and modules of the runtime. */
function loadedWith(entries: readonly string[]): readonly string[] {
  const pieces = new Set<string>();
  const loaded = new Set<string>();
  const load = (path: string): void => {
    const piece = outputs[path];
    if (piece === undefined || pieces.has(path)) return;
    pieces.add(path);
    for (const file of Object.keys(piece.inputs)) {
      loaded.add(file);
      for (const { path: imported, kind, external } of inputs[file]?.imports ?? [])
        if (external === true && kind === "import-statement") loaded.add(`runtime:${imported}`);
    }
    for (const { path: imported, kind } of piece.imports) if (kind === "import-statement") load(imported);
  };
  for (const entry of entries) {
    const path = Object.keys(outputs).find((each) => outputs[each]?.entryPoint?.endsWith(entry));
    if (path === undefined) throw new Error(`${entry} is not loaded dynamically any more`);
    load(path);
  }
  return [...loaded];
}

const start = ["src/main/berth.ts", "src/main/command-line.ts"];
const help = [...start, "src/cli/program-help.ts", "src/cli/plugins/read-plugins.ts"];
const list = [
  ...start,
  "src/cli/commands/container-commands.ts",
  "src/cli/reach-engine.ts",
  "src/cli/container/list.ts",
];

const build = [...start, "src/cli/commands/build-commands.ts", "src/cli/reach-engine.ts", "src/cli/build/build.ts"];

/** Whoever needs one of these loads it then. */
const slow =
  /^(?:runtime:|package\.json|dist\/|src\/(?:base\/template\/(?!struct)\w+|spec\/docker\/schema|host\/(?:addon|syscalls)|compose|engine|server)\b)/;

test("the program's help loads no client of an engine, and nothing that is slow to load", () => {
  const loaded = loadedWith(help);
  expect(loaded).toContain("src/cli/help.ts");
  expect(loaded.filter((path) => slow.test(path) || /^src\/(?:client\/engine|host\/http)/.test(path))).toEqual([]);
});

test("a list of the usual kind loads no template engine, no addon, no module of the runtime", () => {
  const loaded = loadedWith(list);
  expect(loaded).toContain("src/host/http/http-client.ts");
  expect(loaded.filter((path) => slow.test(path))).toEqual([]);
});

test.each([
  ["run", "container-settings"],
  ["create", "container-settings"],
  ["exec", "container"],
  ["start", "container"],
  ["logs", "container"],
])("nor does %s", (name, table) => {
  const loaded = loadedWith([
    ...start,
    `src/cli/commands/${table}-commands.ts`,
    `src/cli/container/${name}.ts`,
    "src/cli/reach-engine.ts",
  ]);
  expect(loaded).toContain("src/host/http/http-client.ts");
  expect(loaded.filter((path) => slow.test(path))).toEqual([]);
});

test("a build of a folder neither", () => {
  const loaded = loadedWith(build);
  expect(loaded).toContain("src/cli/build/send-build.ts");
  expect(loaded.filter((path) => slow.test(path))).toEqual([]);
});

import { posix } from "node:path";
import type { AssetGrant, Layer, LongFile, PlatformGrant } from "../layers.ts";
import { findCycles } from "./cycles.ts";
import type { SourceFile } from "./read-sources.ts";
import { defaultExportsOf, importsOf, tokenize, usesOf } from "./source-scan.ts";

export interface LayerRules {
  readonly layers: readonly Layer[];
  readonly pureModules: ReadonlySet<string>;
  readonly platformGrants: readonly PlatformGrant[];
  readonly assetGrants: readonly AssetGrant[];
  readonly longFiles: readonly LongFile[];
  readonly maximumLines: number;
}

export interface LayerReport {
  readonly files: number;
  readonly imports: number;
  /** One printable line each, sorted by file. */
  readonly problems: readonly string[];
}

/**
 * Check `sources` (paths under `src/`) against `rules`. Reports: a folder importing what its layer does not list; an
 * import across folders not written `#folder/…`; system modules and `Bun`
 * outside the folders granted them; import cycles between files (type-only edges count); packages other than the
 * platform's; default exports; overlong files; files named otherwise than kebab-case; a tree with nothing to read.
 */
export function checkLayers(sources: readonly SourceFile[], rules: LayerRules): LayerReport {
  const problems: string[] = [...validateLayers(rules.layers)];
  const known = new Set(sources.map((source) => source.path));
  const graph = new Map<string, string[]>();
  let imports = 0;

  for (const source of sources) {
    const { path } = source;
    const test = isTest(path);
    const tokens = tokenize(source.text);
    const edges: string[] = [];
    graph.set(path, edges);
    const from = layerOf(path, rules.layers);
    if (from === undefined) problems.push(`${path}: no layer in tools/layers.ts covers this folder`);

    for (const edge of importsOf(tokens)) {
      imports++;
      const where = `${path}:${edge.line}`;
      const target = resolveImport(path, edge.specifier);
      if (target === undefined) {
        if (!test && !isGranted(path, edge.specifier, rules)) {
          problems.push(`${where}: imports ${edge.specifier}, which only host/ may`);
        }
        continue;
      }
      if (target.path.startsWith("../")) {
        if (!isAsset(path, target.path, rules)) {
          problems.push(`${where}: ${edge.specifier} is outside of src/ and not in assetGrants`);
        }
        continue;
      }
      if (target.problem !== undefined) problems.push(`${where}: ${target.problem}`);
      if (!known.has(target.path)) {
        problems.push(`${where}: ${edge.specifier} is not there (src/${target.path})`);
        continue;
      }
      edges.push(target.path);
      const to = layerOf(target.path, rules.layers);
      if (from !== undefined && to !== undefined && from !== to && !allows(from, to)) {
        problems.push(`${where}: ${from.folder} -> ${to.folder} is not allowed: ${path} -> ${target.path}`);
      }
    }

    if (!test && !isGranted(path, "*", rules)) {
      for (const line of usesOf(tokens, "Bun")) problems.push(`${path}:${line}: uses Bun, which only host/ may`);
    }
    // A declaration file describes modules as they are.
    for (const line of path.endsWith(".d.ts") ? [] : defaultExportsOf(tokens))
      problems.push(`${path}:${line}: default export; name it`);
    problems.push(...shapeProblems(source, rules));
  }

  for (const cycle of findCycles(graph)) problems.push(`import cycle: ${cycle.join(" -> ")}`);
  if (sources.length === 0 || imports === 0) problems.push("nothing was read: no files or no imports found");
  return { files: sources.length, imports, problems };
}

/** The allow-list itself must be free of cycles and name only folders that have an entry. */
function validateLayers(layers: readonly Layer[]): string[] {
  const names = new Set(layers.map((layer) => layer.folder));
  const problems: string[] = [];
  for (const layer of layers) {
    if (layer.reason.trim() === "") problems.push(`layers.ts: ${layer.folder} has no reason`);
    for (const to of layer.may) if (!names.has(to)) problems.push(`layers.ts: ${layer.folder} lists unknown ${to}`);
  }
  for (const cycle of findCycles(new Map(layers.map((layer) => [layer.folder, [...layer.may]])))) {
    problems.push(`layers.ts: the allow-list has a cycle: ${cycle.join(" -> ")}`);
  }
  return problems;
}

function layerOf(path: string, layers: readonly Layer[]): Layer | undefined {
  let best: Layer | undefined;
  for (const layer of layers) {
    if (path.startsWith(`${layer.folder}/`) && layer.folder.length > (best?.folder.length ?? -1)) best = layer;
  }
  return best;
}

/** A grant to a folder covers the layers nested in it; a nested layer may always use the folder around it. */
function allows(from: Layer, to: Layer): boolean {
  return from.may.some((folder) => to.folder === folder || to.folder.startsWith(`${folder}/`));
}

interface Resolved {
  readonly path: string;
  readonly problem: string | undefined;
}

/** Where an import leads under `src/`; undefined for a package or platform module. */
function resolveImport(from: string, specifier: string): Resolved | undefined {
  const top = topFolder(from);
  if (specifier.startsWith("#")) {
    return { path: posix.normalize(specifier.slice(1)), problem: undefined };
  }
  if (!specifier.startsWith(".")) return undefined;
  const path = posix.normalize(posix.join(posix.dirname(from), specifier));
  const crosses = topFolder(path) !== top;
  return { path, problem: crosses ? `write ${specifier} as #${path}` : undefined };
}

function topFolder(path: string): string {
  return path.split("/", 1)[0] ?? path;
}

function isGranted(path: string, specifier: string, rules: LayerRules): boolean {
  if (rules.pureModules.has(specifier)) return true;
  return rules.platformGrants.some(
    (grant) =>
      (path === grant.where || path.startsWith(`${grant.where}/`)) &&
      (grant.modules === "*" || grant.modules.includes(specifier)),
  );
}

function isAsset(path: string, target: string, rules: LayerRules): boolean {
  const file = target.slice("../".length);
  return rules.assetGrants.some(
    (grant) => path.startsWith(`${grant.where}/`) && (file === grant.asset || file.startsWith(`${grant.asset}/`)),
  );
}

function isTest(path: string): boolean {
  return /\.(test|suite|fixture)\.ts$/.test(path);
}

function shapeProblems(source: SourceFile, rules: LayerRules): string[] {
  const problems: string[] = [];
  const name = source.path.split("/").at(-1) ?? "";
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|suite|fixture|generated|d))?\.ts$/.test(name)) {
    problems.push(`${source.path}: file names are kebab-case`);
  }
  if (/^(utils?|helpers|common|misc)\.ts$/.test(name)) problems.push(`${source.path}: name it after what it does`);
  if (name.endsWith(".generated.ts") || source.text.startsWith("// Generated")) return problems;
  const lines = source.text.split("\n").length - 1;
  const allowed = rules.longFiles.find((file) => file.path === source.path)?.lines ?? rules.maximumLines;
  if (lines > allowed) problems.push(`${source.path}: ${lines} lines, more than ${allowed}: split it or give a reason`);
  return problems;
}

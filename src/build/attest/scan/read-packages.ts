import type { FoundPackage } from "../spdx.ts";
import { paragraphs } from "./paragraphs.ts";

/** What tells of packages, by its path in the root: a reader of its text. Undefined for every other file. */
export function readerFor(path: string): ((text: string) => readonly FoundPackage[]) | undefined {
  if (path === "/var/lib/dpkg/status" || /^\/var\/lib\/dpkg\/status\.d\/[^/]+$/.test(path))
    return path.endsWith(".md5sums") ? undefined : (text) => dpkg(text, path);
  if (path === "/lib/apk/db/installed" || path === "/usr/lib/apk/db/installed") return (text) => apk(text, path);
  if (/\/node_modules\/(@[^/]+\/)?[^/@][^/]*\/package\.json$/.test(path)) return (text) => npm(text, path);
  if (/\.(dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/.test(path)) return (text) => python(text, path);
  return undefined;
}

/** deb-control(5), dpkg-query(1): what is installed whole. */
function dpkg(text: string, source: string): readonly FoundPackage[] {
  return paragraphs(text).flatMap((fields) => {
    const [name, version, status] = ["Package", "Version", "Status"].map((key) => fields.get(key));
    if (name === undefined || version === undefined) return [];
    // Images without dpkg itself keep one file a package, which has no status.
    if (status !== undefined && !status.endsWith(" installed")) return [];
    return [
      { type: "deb" as const, name, version, architecture: fields.get("Architecture") ?? "", license: "", source },
    ];
  });
}

/** apk's database: `P:name`, `V:version`, `A:architecture`, `L:license`, an empty line between packages. */
function apk(text: string, source: string): readonly FoundPackage[] {
  return text.split("\n\n").flatMap((part) => {
    const fields = new Map(part.split("\n").map((line) => [line.slice(0, 2), line.slice(2)]));
    const [name, version] = [fields.get("P:"), fields.get("V:")];
    if (name === undefined || version === undefined) return [];
    const [architecture, license] = [fields.get("A:") ?? "", fields.get("L:") ?? ""];
    return [{ type: "apk" as const, name, version, architecture, license, source }];
  });
}

/** package.json of a module that npm or its like has laid out. */
function npm(text: string, source: string): readonly FoundPackage[] {
  try {
    const { name, version, license } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof name !== "string" || typeof version !== "string") return [];
    const said = typeof license === "string" ? license : "";
    return [{ type: "npm", name, version, architecture: "", license: said, source }];
  } catch {
    // A file of that name that npm would not take either.
    return [];
  }
}

/** Python's core metadata (packaging.python.org). */
function python(text: string, source: string): readonly FoundPackage[] {
  const [fields] = paragraphs(text.slice(0, text.search(/\n\r?\n/) < 0 ? undefined : text.search(/\n\r?\n/)));
  const [name, version] = [fields?.get("Name"), fields?.get("Version")];
  if (name === undefined || version === undefined) return [];
  const license = fields?.get("License-Expression") ?? fields?.get("License") ?? "";
  return [{ type: "pypi", name, version, architecture: "", license, source }];
}

/** ID of os-release(5). */
export function distributionOf(osRelease: string): string {
  return (/^ID=(.*)$/m.exec(osRelease)?.[1] ?? "").replaceAll(/["']/g, "").trim();
}

import { join, normalize } from "node:path/posix";
import { compileIgnore, parseIgnoreFile } from "#base/ignore-patterns.ts";

/**
 * Which members of the archive of a context, named `./PATH`, are not sent: what its ignore file leaves out, but the Dockerfile
 * and the ignore files, which the engine reads. `dockerfile`: its path in the context, "" for the usual one. `read`: a file's
 * text, undefined when there is none. Undefined: everything is sent.
 */
export function contextFilter(
  folder: string,
  dockerfile: string,
  read: (path: string) => string | undefined,
): ((name: string, isFolder: boolean) => boolean) | undefined {
  const file = normalize(dockerfile === "" ? "Dockerfile" : dockerfile);
  const text = read(join(folder, `${file}.dockerignore`)) ?? read(join(folder, ".dockerignore"));
  if (text === undefined) return undefined;
  const ignored = compileIgnore(parseIgnoreFile(text));
  const needed = [file, `${file}.dockerignore`, ".dockerignore", ...(dockerfile === "" ? ["dockerfile"] : [])];
  return (name, isFolder) => {
    const path = Buffer.from(name, "latin1").toString("utf8").replace(/^\.\//, "");
    if (!ignored.excludes(path) || needed.includes(path)) return false;
    return !(isFolder && (ignored.mayHoldExceptions(path) || needed.some((kept) => kept.startsWith(`${path}/`))));
  };
}

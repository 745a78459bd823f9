import { join, normalize } from "node:path/posix";
import type { StageContext } from "../stage-context.ts";
import type { CopySource } from "../types.ts";
import type { CopyRequest } from "./copy-request.ts";

/** A path of the context, of a stage or of an image. */
export function treeSource(request: CopyRequest, path: string, at: StageContext): CopySource {
  const { instruction } = request;
  if (request.isFromContext) lintIgnored(request, path, at);
  const from = request.from();
  at.writer.use(from, join("/", path).replace(/(?<=.)\/$/, ""));
  const unpack = instruction.kind === "add" && (instruction.unpack ?? true);
  const parents = instruction.kind === "copy" && instruction.parents;
  return { type: "tree", from, path: parents ? withPivot(path) : clean(path), unpack, fileMode: undefined };
}

function clean(path: string): string {
  return join("/", path).replace(/(?<=.)\/$/, "");
}

/** What stands before `/./` is not made anew; the mark stays in the path. */
function withPivot(path: string): string {
  const pivot = path.indexOf("/./");
  if (pivot < 0) return clean(path);
  const parent = clean(path.slice(0, pivot));
  return `${parent === "/" ? "" : parent}/.${clean(path.slice(pivot + 2))}`;
}

/** CopyIgnoredFile. With `!` patterns nothing certain can be said. */
function lintIgnored({ instruction }: CopyRequest, path: string, at: StageContext): void {
  if (at.ignore === undefined || at.ignore.hasExceptions) return;
  const relative = normalize(path).replace(/(?<=.)\/$/, "");
  if ((relative === "." || relative === "/") && !at.ignore.excludesEverything) return;
  if (at.ignore.excludes(relative))
    at.linter.report("copyIgnoredFile", instruction, [instruction.kind === "add" ? "Add" : "Copy", relative]);
}

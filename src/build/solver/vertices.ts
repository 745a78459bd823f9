import { BerthError } from "#base/errors.ts";
import type { Tree, Vertex, VertexId } from "../graph/types.ts";
import type { StepOperation } from "./types.ts";

/** An error that does not say yet which place of the Dockerfile it is about. */
export function located(error: unknown, { location }: Vertex): unknown {
  if (!(error instanceof BerthError) || location === undefined || error.kind === "cancelled") return error;
  if (error.details["file"] !== undefined) return error;
  return new BerthError(error.kind, error.message, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: { ...error.details, ...location },
  });
}

/** Does it add a layer to a tree? */
export function isStep(operation: Vertex["operation"]): operation is StepOperation {
  return operation.kind === "exec" || operation.kind === "copy" || operation.kind === "mkdir";
}

/** Every tree that an operation uses, its base first. */
export function inputsOf(operation: StepOperation): readonly VertexId[] {
  const used: Tree[] = [operation.kind === "copy" && operation.link ? undefined : operation.base];
  if (operation.kind === "copy")
    for (const source of operation.sources) if (source.type === "tree") used.push(source.from);
  if (operation.kind === "exec")
    for (const mount of operation.mounts) if (mount.type === "bind" || mount.type === "cache") used.push(mount.from);
  return [...new Set(used)].filter((tree) => tree !== undefined);
}

/** Begin work for a vertex unless it was begun; a failure waits for whoever asks. */
export function once<T>(known: Map<VertexId, Promise<T>>, id: VertexId, work: () => Promise<T>): Promise<T> {
  const present = known.get(id);
  if (present !== undefined) return present;
  const begun = work();
  begun.catch(() => undefined);
  known.set(id, begun);
  return begun;
}

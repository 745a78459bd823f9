import { BerthError, isBerthError, type ErrorKind } from "#base/errors.ts";
import { shownMessage } from "#cli/errors.ts";
import { placeOf } from "../load/check-consistency.ts";
import type { Project } from "../load/project.ts";

/** What a Compose file can be the reason of. */
const told: ReadonlySet<ErrorKind> = new Set([
  ...(["invalid-parameter", "not-found", "conflict", "forbidden", "internal", "not-implemented"] as const),
]);

/** The sentence behind the place and the name of a key: `/srv/compose.yaml:4: services.web.ports: …`. */
export function withPlace({ source }: Project, keys: readonly string[], sentence: string): string {
  const { file, line } = placeOf(source, keys);
  const where = line > 0 ? `${file}:${line}: ` : "";
  return `${where}${keys.join(".")}: ${sentence}`;
}

/** Run `work`; what the engine refuses it for is told with the place of the key in the file. */
export async function toldWithPlace<T>(
  project: Project,
  keysOf: (message: string) => readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isBerthError(error) || !told.has(error.kind)) throw error;
    const { kind, message, hint } = error;
    throw new BerthError(kind, withPlace(project, keysOf(message), shownMessage(error)), {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

import type { BuildApi } from "#client/build-api.ts";
import type { BuildHistoryEntry } from "#spec/berth/build-history.ts";

/**
 * The build that a person names: by its id, the beginning of one, or `^N` for the Nth before the last. "" is the last one.
 */
export async function findBuild(api: BuildApi, reference: string): Promise<BuildHistoryEntry> {
  const all = await api.history();
  if (reference === "" || /^\^\d+$/.test(reference)) {
    const entry = all[Number(reference.slice(1))];
    if (entry === undefined) throw new Error(`no record found${reference === "" ? "" : ` for ${reference}`}`);
    return entry;
  }
  const [entry, other] = all.filter(({ id }) => id.startsWith(reference));
  if (entry === undefined) throw new Error(`no record found for ${reference}`);
  if (other !== undefined) throw new Error(`multiple records found for ${reference}`);
  return entry;
}

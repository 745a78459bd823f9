import { invalid } from "#base/errors.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { collectGarbage } from "../maintenance/collect-garbage.ts";
import { scrub } from "../maintenance/scrub.ts";
import { undeleteManifest } from "../manifests/delete-manifest.ts";
import { findRepository } from "../repositories/repository.ts";
import { audit } from "./audit.ts";
import { lines, required, table, timeText, type Operation } from "./operation.ts";

export const collect: Operation = async (context) => {
  const { manifests, blobs, bytes, uploads, orphans, repositories } = await collectGarbage(context);
  return lines(
    `manifests: ${manifests}`,
    `blobs: ${blobs} (${bytes} bytes)`,
    `uploads: ${uploads}`,
    `orphaned files: ${orphans}`,
    `repositories: ${repositories}`,
  );
};

export const scrubAll: Operation = async (context) => {
  const { blobs, bytes, damaged } = await scrub(context);
  return lines(`${blobs} blobs (${bytes} bytes) read, ${damaged.length} damaged`, ...damaged);
};

/** `reference`: `name:tag` or `name@digest`. */
export const undelete: Operation = (context, fields) => {
  const { name, reference } = splitReference(required(fields, "reference"));
  undeleteManifest(context, name, reference, { name: "" });
  audit(context, { action: "undelete", target: required(fields, "reference") });
  return lines(required(fields, "reference"));
};

/** What a tag pointed to, newest first; with `at` (a date or time) what it pointed to then. */
export const history: Operation = (context, fields) => {
  const { name, reference } = splitReference(required(fields, "reference"));
  const { id } = findRepository(context, name);
  const at = fields["at"] ?? "";
  const until = at === "" ? Infinity : Date.parse(/^\d{4}-\d\d-\d\d$/.test(at) ? `${at}T23:59:59.999Z` : at);
  if (Number.isNaN(until))
    throw invalid(`${JSON.stringify(at)} is no date (2026-01-31) and no time (2026-01-31T12:00:00Z)`);
  const changes = context.tags.history(id, reference, 10_000).filter(({ atMs }) => atMs <= until);
  return table(
    ["SINCE", "DIGEST", "WHO"],
    (at === "" ? changes : changes.slice(0, 1)).map(({ digest, atMs, actor }) => [
      timeText(atMs),
      digest ?? "(deleted)",
      actor || "-",
    ]),
  );
};

export const describeRepository: Operation = (context, fields) => {
  const row = findRepository(context, required(fields, "repository"));
  const { description = row.description, readme = row.readme } = fields;
  if (description.length > 200) throw invalid("a description has 200 characters at most");
  if (readme.length > 256 * 1024) throw invalid("a README has 256 KiB at most");
  context.repositories.describe(row.id, description, readme);
  return lines(row.name);
};

/** A name of this registry with tag or digest. `invalid-parameter`. */
function splitReference(text: string): { readonly name: string; readonly reference: string } {
  const { path, tag, digest } = parseReference(`registry.invalid/${text}`);
  const reference = digest ?? tag;
  if (reference === undefined) throw invalid(`${text} names no tag and no digest`);
  return { name: path, reference };
}

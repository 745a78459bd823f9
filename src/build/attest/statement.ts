import { canonicalName, familiarName, type Reference } from "#spec/oci/reference.ts";
import { formatPlatform, type Platform } from "#spec/oci/platform.ts";

/** An in-toto statement: something said of an image. Source: in-toto attestation spec, `v0.1/statement.md`. */
export interface Statement {
  readonly _type: "https://in-toto.io/Statement/v0.1";
  readonly predicateType: string;
  readonly subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[];
  readonly predicate: object;
}

export interface Subject {
  readonly references: readonly Reference[];
  readonly platform: Platform;
  /** `sha256:…` of the image's manifest. */
  readonly digest: string;
}

/** What a predicate is said of. */
export function statementAbout(predicateType: string, predicate: object, subject: Statement["subject"]): Statement {
  return { _type: "https://in-toto.io/Statement/v0.1", predicateType, subject, predicate };
}

/** A statement about an image under all its names. */
export function statementOf(predicateType: string, predicate: object, subject: Subject): Statement {
  const { references, platform, digest } = subject;
  const names = references.map((reference) => packageUrl(reference, platform));
  const subjects = (names.length === 0 ? ["_"] : names).map((name) => ({ name, digest: digestSet(digest) }));
  return statementAbout(predicateType, predicate, subjects);
}

/** `{ sha256: "…" }` */
export function digestSet(digest: string): Readonly<Record<string, string>> {
  const colon = digest.indexOf(":");
  return { [digest.slice(0, colon)]: digest.slice(colon + 1) };
}

/** An image's package URL (package-url/purl-spec, type `docker`), as BuildKit writes it. */
export function packageUrl(reference: Reference, platform: Platform): string {
  const familiar = familiarName(reference);
  const isHub = canonicalName(reference) !== familiar;
  const [domain, path] = isHub ? ["", familiar] : [reference.domain, reference.path];
  const name = [domain, ...path.split("/")].filter((part) => part !== "").map(encodeURIComponent);
  const version = reference.tag ?? reference.digest;
  const at = version === undefined ? "" : `@${encodeURIComponent(version)}`;
  return `pkg:docker/${name.join("/")}${at}?platform=${encodeURIComponent(formatPlatform(platform))}`;
}

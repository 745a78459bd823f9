import { isDigest } from "#base/digest.ts";
import { invalid } from "#base/errors.ts";

/**
 * Image references, Docker's grammar (distribution `reference` package, its grammar comment):
 *
 *   reference      := name [ ":" tag ] [ "@" digest ]
 *   name           := [ domain "/" ] path-component { "/" path-component }
 *   domain         := host [ ":" port ]          host := dotted labels | "[" IPv6 "]"
 *   path-component := [a-z0-9]+ ( ( "." | "_" | "__" | "-"+ ) [a-z0-9]+ )*
 *   tag            := [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}
 *
 * A *normalised* reference always has a domain; `busybox` means `docker.io/library/busybox`. The *familiar* form is the
 * shortest text that normalises to the same thing.
 */
export interface Reference {
  readonly domain: string;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const DEFAULT_DOMAIN = "docker.io";
const LEGACY_DEFAULT_DOMAIN = "index.docker.io";
const OFFICIAL_PREFIX = "library/";
const DEFAULT_TAG = "latest";
const MAX_NAME_LENGTH = 255;
/** Longest text worth matching: name, tag and a sha512 digest with room to spare. */
const MAX_REFERENCE_LENGTH = 1024;

const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])`;
const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(`^(${HOST}(?::[0-9]+)?)/(${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const TAG_ONLY = new RegExp(`^${TAG}$`);
const HEX_ID = /^[a-f0-9]{64}$/;

/** Parse and normalise; the tag stays undefined when none was written. `invalid-parameter` with Docker's sentences. */
export function parseReference(text: string): Reference {
  if (text.length > MAX_REFERENCE_LENGTH) throw invalid("invalid reference format");
  if (HEX_ID.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const colon = remainder.indexOf(":");
  const remoteName = colon < 0 ? remainder : remainder.slice(0, colon);
  if (remoteName.toLowerCase() !== remoteName) {
    throw invalid(`invalid reference format: repository name (${remoteName}) must be lowercase`);
  }
  const match = REFERENCE.exec(`${domain}/${remainder}`);
  const path = match?.[2];
  if (match === null || path === undefined) throw invalid("invalid reference format");
  if (domain.length + 1 + path.length > MAX_NAME_LENGTH) {
    throw invalid(`repository name must not be more than ${MAX_NAME_LENGTH} characters`);
  }
  if (match[4] !== undefined && !isDigest(match[4])) throw invalid("invalid reference format");
  return { domain, path, tag: match[3], digest: match[4] };
}

/** What `docker inspect X` may mean: an id or digest by itself, or a reference. */
export type AnyReference =
  | { readonly kind: "id"; readonly digest: string }
  | { readonly kind: "reference"; readonly reference: Reference };

export function parseAnyReference(text: string): AnyReference {
  if (HEX_ID.test(text)) return { kind: "id", digest: `sha256:${text}` };
  if (isDigest(text)) return { kind: "id", digest: text };
  return { kind: "reference", reference: parseReference(text) };
}

const NAME_ONLY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);

/** True for the name of a repository inside a registry: distribution-spec "Pulling manifests", at most 255 characters. */
export function isRepositoryName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && NAME_ONLY.test(text);
}

/** True for a text that can stand as a tag. */
export function isTag(text: string): boolean {
  return TAG_ONLY.test(text);
}

/** `latest` where neither tag nor digest was given. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: DEFAULT_TAG };
}

export function withTag(reference: Reference, tag: string): Reference {
  return { domain: reference.domain, path: reference.path, tag, digest: undefined };
}

export function withDigest(reference: Reference, digest: string): Reference {
  return { domain: reference.domain, path: reference.path, tag: undefined, digest };
}

/** `docker.io/library/busybox`. */
export function canonicalName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** `docker.io/library/busybox:latest@sha256:…` with the parts that are there. */
export function canonicalString(reference: Reference): string {
  return canonicalName(reference) + suffix(reference);
}

/** `busybox`, `user/app`, `localhost:5000/app`. */
export function familiarName(reference: Reference): string {
  const { domain, path } = reference;
  if (domain !== DEFAULT_DOMAIN) return canonicalName(reference);
  const short = path.startsWith(OFFICIAL_PREFIX) ? path.slice(OFFICIAL_PREFIX.length) : path;
  return short.includes("/") ? path : short;
}

/** {@link familiarName} with tag and digest. */
export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return tag + digest;
}

/** The first component is a domain when it has a dot, a colon or an upper-case letter, or is `localhost`. */
function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first;
  let domain = isDomain ? first : DEFAULT_DOMAIN;
  let remainder = isDomain ? text.slice(slash + 1) : text;
  if (domain === LEGACY_DEFAULT_DOMAIN) domain = DEFAULT_DOMAIN;
  if (domain === DEFAULT_DOMAIN && !remainder.includes("/")) remainder = OFFICIAL_PREFIX + remainder;
  return { domain, remainder };
}

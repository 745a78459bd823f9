import { BerthError, type ErrorKind } from "#base/errors.ts";
import type { RegistryErrorCode, RegistryErrorEntry } from "#spec/oci/distribution.ts";

/** Why a registry refuses, as distribution-spec's "Error Codes" name it. Faces print {@link entries}. */
export class RegistryFailure extends BerthError {
  readonly code: RegistryErrorCode;
  readonly entries: readonly RegistryErrorEntry[];

  /** `entries`: one for each thing that is wrong; all of one code. */
  constructor(code: RegistryErrorCode, entries: readonly Omit<RegistryErrorEntry, "code">[]) {
    super(kindOf[code], entries[0]?.message ?? code);
    this.code = code;
    this.entries = entries.map((entry) => ({ code, ...entry }));
  }
}

const kindOf: Readonly<Record<RegistryErrorCode, ErrorKind>> = {
  BLOB_UNKNOWN: "not-found",
  BLOB_UPLOAD_INVALID: "invalid-parameter",
  BLOB_UPLOAD_UNKNOWN: "not-found",
  DIGEST_INVALID: "invalid-parameter",
  MANIFEST_BLOB_UNKNOWN: "not-found",
  MANIFEST_INVALID: "invalid-parameter",
  MANIFEST_UNKNOWN: "not-found",
  NAME_INVALID: "invalid-parameter",
  NAME_UNKNOWN: "not-found",
  SIZE_INVALID: "invalid-parameter",
  UNAUTHORIZED: "unauthorized",
  DENIED: "forbidden",
  UNSUPPORTED: "conflict",
  TOOMANYREQUESTS: "resource-exhausted",
  PAGINATION_NUMBER_INVALID: "invalid-parameter",
  RANGE_INVALID: "invalid-parameter",
  TAG_INVALID: "invalid-parameter",
  UNAVAILABLE: "unavailable",
  UNKNOWN: "internal",
};

const one = (code: RegistryErrorCode, message: string, detail?: unknown): RegistryFailure =>
  new RegistryFailure(code, [{ message, ...(detail === undefined ? {} : { detail }) }]);

export const nameInvalid = (name: string): RegistryFailure =>
  one("NAME_INVALID", "invalid repository name", { name: name.slice(0, 300) });

export const nameUnknown = (name: string): RegistryFailure =>
  one("NAME_UNKNOWN", "repository name not known to registry", { name });

export const blobUnknown = (digest: string): RegistryFailure =>
  one("BLOB_UNKNOWN", "blob unknown to registry", { digest });

export const manifestUnknown = (name: string, reference: string): RegistryFailure =>
  one("MANIFEST_UNKNOWN", "manifest unknown", { name, reference });

export const manifestInvalid = (why: string): RegistryFailure => one("MANIFEST_INVALID", "manifest invalid", why);

/** A push that names parts that are not there, each of them told. */
export const partsUnknown = (digests: readonly string[]): RegistryFailure =>
  new RegistryFailure(
    "MANIFEST_BLOB_UNKNOWN",
    digests.map((digest) => ({
      message: "manifest references a manifest or blob unknown to registry",
      detail: { digest },
    })),
  );

/** A push that tells wrong sizes: clients would take the right bytes for cut off or too many. */
export const partsOfOtherSize = (digests: readonly string[]): RegistryFailure =>
  new RegistryFailure(
    "SIZE_INVALID",
    digests.map((digest) => ({ message: "manifest tells another size than the content has", detail: { digest } })),
  );

export const digestInvalid = (
  digest: string,
  why = "provided digest did not match uploaded content",
): RegistryFailure => one("DIGEST_INVALID", why, { digest: digest.slice(0, 300) });

export const tagInvalid = (tag: string): RegistryFailure =>
  one("TAG_INVALID", "invalid tag name", { tag: tag.slice(0, 300) });

export const uploadUnknown = (id: string): RegistryFailure =>
  one("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", { upload: id.slice(0, 100) });

export const sizeInvalid = (why: string): RegistryFailure => one("SIZE_INVALID", why);

export const pageInvalid = (n: string): RegistryFailure =>
  one("PAGINATION_NUMBER_INVALID", "invalid number of results requested", { n: n.slice(0, 40) });

export const unsupported = (why: string): RegistryFailure => one("UNSUPPORTED", why);

export const denied = (why: string): RegistryFailure => one("DENIED", why);

/** A chunk that does not begin where the upload ends: `offset` bytes are there. */
export class ChunkOutOfOrder extends RegistryFailure {
  readonly uploadId: string;
  readonly offset: number;

  constructor(uploadId: string, offset: number, why: string) {
    super("RANGE_INVALID", [{ message: why, detail: { offset } }]);
    this.uploadId = uploadId;
    this.offset = offset;
  }
}

/** A manifest beyond the limit. */
export class ManifestTooLarge extends RegistryFailure {
  constructor(limitBytes: number) {
    super("SIZE_INVALID", [{ message: `a manifest may have ${limitBytes} bytes at most` }]);
  }
}

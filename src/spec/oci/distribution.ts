/** Wire formats of a registry: OCI distribution-spec 1.1, and what Docker's registries add to it. */

/** Table "Error Codes" of the specification, and what Docker's registries answer beside it. */
export type RegistryErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS"
  | "PAGINATION_NUMBER_INVALID"
  | "RANGE_INVALID"
  | "TAG_INVALID"
  | "UNAVAILABLE"
  | "UNKNOWN";

/** One entry of an error body. `detail` is whatever helps, and is left out when there is none. */
export interface RegistryErrorEntry {
  readonly code: RegistryErrorCode;
  readonly message: string;
  readonly detail?: unknown;
}

/** `{"errors": […]}`. */
export function errorBody(entries: readonly RegistryErrorEntry[]): string {
  return `${JSON.stringify({ errors: entries })}\n`;
}

export interface TagList {
  readonly name: string;
  readonly tags: readonly string[];
}

export interface Catalog {
  readonly repositories: readonly string[];
}

/** Bytes `start` to `end`, the last one included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The `Content-Range` of a chunk, `<start>-<end>`; some clients write the unit of RFC 9110 before it. Undefined when it is none. */
export function parseChunkRange(header: string): ByteRange | undefined {
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  if (match === null) return undefined;
  const range = { start: Number(match[1]), end: Number(match[2]) };
  return range.end < range.start ? undefined : range;
}

/**
 * The `Range` of a request for one part of `size` bytes (RFC 9110, section 14.2). `whole` for what is no byte range or
 * asks for several parts, which a server may ignore; `unsatisfiable` for what begins behind the end.
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(" ", "") ?? "");
  if (match === null) return "whole";
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return "whole";
  if (first === "") {
    const count = Math.min(Number(last), size);
    return count === 0 ? "unsatisfiable" : { start: size - count, end: size - 1 };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return "whole";
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
}

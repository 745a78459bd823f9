import type { Challenge } from "./www-authenticate.ts";

/** One error of a registry's answer: OCI distribution-spec "Error Codes". `code` is upper case with underscores. */
export interface RegistryError {
  readonly code: string;
  readonly message: string;
}

/** Sentences of the reference registry for codes that come without one. */
const DEFAULT_MESSAGE: Readonly<Record<string, string>> = {
  UNAUTHORIZED: "authentication required",
  DENIED: "requested access to the resource is denied",
  MANIFEST_UNKNOWN: "manifest unknown",
  NAME_UNKNOWN: "repository name not known to registry",
  NAME_INVALID: "invalid repository name",
  BLOB_UNKNOWN: "blob unknown to registry",
  TOOMANYREQUESTS: "too many requests",
  UNSUPPORTED: "The operation is unsupported.",
  UNAVAILABLE: "service unavailable",
};

const CODE_OF_STATUS: Readonly<Record<number, string>> = { 401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS" };

/**
 * What went wrong, from status, challenges and body, in the order Docker's client looks: a bearer challenge's `error`
 * (RFC 6750 section 3.1), the body's `errors`, a body with `details` or `message`, the status. Undefined when nothing
 * says more than the status does.
 */
export function readRegistryError(
  status: number,
  challenges: readonly Challenge[],
  body: string,
): RegistryError | undefined {
  for (const { scheme, parameters } of challenges) {
    if (scheme !== "bearer") continue;
    if (parameters["error"] === "invalid_token") return error("UNAUTHORIZED", parameters["error_description"]);
    if (parameters["error"] === "insufficient_scope") return error("DENIED", parameters["error_description"]);
  }
  const parsed = parseBody(body);
  const list = parsed?.["errors"];
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  if (typeof first === "object" && first !== null && "code" in first && typeof first.code === "string") {
    const message = "message" in first && typeof first.message === "string" ? first.message : undefined;
    return error(first.code.slice(0, 100), message);
  }
  const code = CODE_OF_STATUS[status];
  const details = parsed?.["details"] ?? parsed?.["message"] ?? parsed?.["error_description"];
  if (code !== undefined) return error(code, typeof details === "string" ? details : undefined);
  return undefined;
}

/** Go's rendering of a registry error: `manifest unknown: manifest unknown`. */
export function formatRegistryError({ code, message }: RegistryError): string {
  return `${code.replaceAll("_", " ").toLowerCase()}: ${message}`;
}

function error(code: string, message: string | undefined): RegistryError {
  const text = message === undefined || message === "" ? (DEFAULT_MESSAGE[code] ?? "unknown error") : message;
  return { code, message: text.slice(0, 2000) };
}

function parseBody(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

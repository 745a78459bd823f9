import { BerthError } from "#base/errors.ts";
import { decode, omitEmpty, struct, text, type Decoded } from "./schema.ts";

/** Credentials, as in `~/.docker/config.json`, the X-Registry-Auth header and `POST /auth`. */
export const authConfig = struct("registry.AuthConfig", {
  username: omitEmpty(text),
  password: omitEmpty(text),
  auth: omitEmpty(text),
  email: omitEmpty(text),
  serveraddress: omitEmpty(text),
  identitytoken: omitEmpty(text),
  registrytoken: omitEmpty(text),
});
export type AuthConfig = Decoded<typeof authConfig>;

export interface AuthResponse {
  readonly Status: string;
  readonly IdentityToken?: string;
}

/**
 * The X-Registry-Auth header: base64url JSON, padding optional, standard base64 tolerated. Missing or empty = anonymous.
 * `invalid-parameter` when it is neither.
 */
export function decodeAuthHeader(header: string | undefined): AuthConfig | undefined {
  if (header === undefined || header === "" || header === "null") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
  } catch (cause) {
    throw new BerthError(
      "invalid-parameter",
      "invalid X-Registry-Auth header: must be a valid base64-encoded JSON object",
      { cause },
    );
  }
  return decode(authConfig, value);
}

/**
 * The X-Registry-Config header of builds: base64url JSON, credentials by registry. docker-compat: one that cannot be read
 * counts as none, because old clients sent nonsense.
 */
export function decodeRegistryConfig(header: string | undefined): Readonly<Record<string, AuthConfig>> {
  if (header === undefined || header === "") return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
    if (typeof value !== "object" || value === null) return {};
    return Object.fromEntries(Object.entries(value).map(([host, auth]) => [host, decode(authConfig, auth)]));
  } catch {
    return {};
  }
}

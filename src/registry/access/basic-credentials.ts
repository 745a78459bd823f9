import { RegistryFailure } from "../failure.ts";

export interface Credentials {
  readonly name: string;
  readonly password: string;
}

export type Authorization =
  | { readonly kind: "none" }
  | ({ readonly kind: "basic" } & Credentials)
  | { readonly kind: "bearer"; readonly token: string };

/** An `Authorization` header (RFC 7617, RFC 6750). `UNAUTHORIZED` for what is neither. */
export function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined || header === "") return { kind: "none" };
  const [, scheme = "", rest = ""] = /^(\S+) +(\S+)\s*$/.exec(header) ?? [];
  if (scheme.toLowerCase() === "bearer") return { kind: "bearer", token: rest };
  const text = Buffer.from(rest, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (scheme.toLowerCase() !== "basic" || colon < 0) throw unauthorized("the Authorization header cannot be read");
  // docker-compat: what dockerd's search sends for who has not signed in.
  if (text === ":") return { kind: "none" };
  return { kind: "basic", name: text.slice(0, colon), password: text.slice(colon + 1) };
}

export function unauthorized(message = "authentication required"): RegistryFailure {
  return new RegistryFailure("UNAUTHORIZED", [{ message }]);
}

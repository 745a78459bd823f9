import type { AuthConfig } from "./auth.ts";

/** The X-Registry-Config header of builds: what `decodeRegistryConfig` reads. */
export function encodeRegistryConfig(auths: Readonly<Record<string, Partial<AuthConfig>>>): string {
  return Buffer.from(JSON.stringify(auths), "utf8").toString("base64url");
}

import type { AuthConfig } from "#spec/docker/auth.ts";
import type { CliIo } from "../cli-io.ts";
import type { CliConfig } from "../config/cli-config.ts";
import { credentialKey, readCredentials } from "../config/credentials.ts";

/** The X-Registry-Auth header for a registry: base64url JSON with padding, `{}` when nothing is stored. */
export async function registryAuth(config: CliConfig, io: Pick<CliIo, "runProgram">, domain: string): Promise<string> {
  return encodeRegistryAuth(await readCredentials(config, io, credentialKey(domain)));
}

function encodeRegistryAuth(auth: Partial<AuthConfig>): string {
  const text = Buffer.from(JSON.stringify(auth), "utf8").toString("base64url");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

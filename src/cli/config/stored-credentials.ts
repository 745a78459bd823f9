import type { AuthConfig } from "#spec/docker/auth.ts";

/** A config.json with these credentials in it, none of them with a helper. */
export function storedCredentials(credentials: Readonly<Record<string, Partial<AuthConfig>>>): string {
  const auths = Object.fromEntries(Object.entries(credentials).map(stored));
  return JSON.stringify({ auths }, undefined, "\t");
}

function stored([host, { username = "", password = "", identitytoken, registrytoken }]: readonly [
  string,
  Partial<AuthConfig>,
]): readonly [string, object] {
  return [
    host,
    {
      ...(username === "" ? {} : { auth: Buffer.from(`${username}:${password}`).toString("base64") }),
      ...(identitytoken === undefined ? {} : { identitytoken }),
      ...(registrytoken === undefined ? {} : { registrytoken }),
    },
  ];
}

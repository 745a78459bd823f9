import type { AuthConfig, AuthResponse } from "#spec/docker/auth.ts";
import type { RegistryLogin } from "../registry-ports.ts";

/** `POST /auth`. `unauthorized` in the registry's words. */
export function checkAuth(deps: { readonly registryLogin: RegistryLogin }) {
  return async (auth: AuthConfig): Promise<AuthResponse> => {
    const { identityToken } = await deps.registryLogin.login(auth);
    return { Status: "Login Succeeded", IdentityToken: identityToken ?? "" };
  };
}

import type { RegistryHttp } from "#host/web/registry-http.ts";
import { RegistrySources } from "#remote/registry-sources.ts";
import type { LiveSettings } from "./live-settings.ts";

/** Registries, by the settings as they are at each request. */
export function openSources(live: LiveSettings, http: RegistryHttp): RegistrySources {
  return new RegistrySources({
    http,
    settings: {
      certificateDirs: ["/etc/berth/certs.d", "/etc/docker/certs.d"],
      get insecureRegistries() {
        return live.current.insecureRegistries;
      },
      get mirrors() {
        return live.current.registryMirrors;
      },
      get rules() {
        return live.current.registryRules;
      },
      get downloadAttempts() {
        return live.current.downloadAttempts;
      },
    },
  });
}

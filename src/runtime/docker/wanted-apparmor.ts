import { defaultProfileName } from "#runtime/apparmor/default-profile.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import { parseSecurityOptions } from "./security-options.ts";

/** The AppArmor profile of a container, where the machine has AppArmor. `invalid-parameter` for security options. */
export function wantedApparmor({ SecurityOpt, Privileged }: Pick<HostConfig, "SecurityOpt" | "Privileged">): string {
  const { apparmor = "" } = parseSecurityOptions(SecurityOpt ?? []);
  return apparmor || (Privileged ? "unconfined" : defaultProfileName);
}

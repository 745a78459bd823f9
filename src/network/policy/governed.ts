import { BerthError } from "#base/errors.ts";
import { bridgeSettings } from "../bridge/bridge-settings.ts";
import type { Network, NetworkSpec } from "../network-rows.ts";

/** Nothing passes between its containers but what its policy allows. */
export function isGoverned({ driver, policy, options }: NetworkSpec): boolean {
  return driver === "bridge" && (policy.length > 0 || bridgeSettings(options).isolated);
}

/** `forbidden` for a network whose containers have no names, whose packets the host does not see, or that are all apart. */
export function refusePolicy({ name, spec }: Network): void {
  const why =
    spec.configOnly || spec.driver !== "bridge"
      ? `its driver is ${spec.configOnly ? "none" : spec.driver}, and the host does not see its packets`
      : spec.predefined
        ? "containers of the default network have no names"
        : bridgeSettings(spec.options).interContainer
          ? undefined
          : "enable_icc=false keeps all its containers apart; use berth.network.isolated=true instead";
  if (why !== undefined) throw new BerthError("forbidden", `network ${name} cannot have a policy: ${why}`);
}

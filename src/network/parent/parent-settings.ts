import { invalid } from "#base/errors.ts";
import { ipvlanFlags, ipvlanModes, macvlanModes } from "#host/netlink/upper-links.ts";

/** What Docker's options of the macvlan and ipvlan drivers say. */
export type ParentSettings = {
  /** The host's interface below; "" for one of the network's own that leads nowhere. */
  readonly parent: string;
  /** undefined: that of the parent. */
  readonly mtu: number | undefined;
} & (
  | { readonly driver: "macvlan"; readonly mode: keyof typeof macvlanModes }
  | { readonly driver: "ipvlan"; readonly mode: keyof typeof ipvlanModes; readonly flag: keyof typeof ipvlanFlags }
);

export type ParentDriverName = ParentSettings["driver"];

const MTU = "com.docker.network.driver.mtu";

/** docker-compat: options of other names are kept and mean nothing. `invalid-parameter` in Docker's words. */
export function parentSettings(driver: ParentDriverName, options: Readonly<Record<string, string>>): ParentSettings {
  const parent = options["parent"] ?? "";
  if (parent === "lo") throw invalid(`loopback interface is not a valid ${driver} parent link`);
  if (!/^[^/\s:]{0,15}$/.test(parent)) throw invalid(`invalid parent interface name: ${JSON.stringify(parent)}`);
  const common = { parent, mtu: mtuOf(options[MTU] ?? "") };
  if (driver === "macvlan") {
    return {
      ...common,
      driver,
      mode: oneOf(macvlanModes, options["macvlan_mode"] || "bridge", driver, "mode", "bridge"),
    };
  }
  return {
    ...common,
    driver,
    mode: oneOf(ipvlanModes, options["ipvlan_mode"] || "l2", driver, "mode", "l2"),
    flag: oneOf(ipvlanFlags, options["ipvlan_flag"] || "bridge", driver, "flag", "bridge"),
  };
}

/** The containers send all that is not for them to a gateway; not so where ipvlan itself routes. */
export function usesGateway({ driver, mode }: ParentSettings): boolean {
  return driver === "macvlan" || mode === "l2";
}

/** docker-compat: the parent that a network without one has for itself, by the network's id. */
export function ownParentName(driver: ParentDriverName, networkId: string): string {
  return `${driver === "macvlan" ? "dm" : "di"}-${networkId.slice(0, 12)}`;
}

/** `eth0.10` is the VLAN 10 of eth0. `invalid-parameter` in Docker's words for other names. */
export function parseVlanName(name: string): { readonly below: string; readonly id: number } {
  const [below = "", id, ...rest] = name.split(".");
  if (below === "" || id === undefined) {
    throw invalid(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  }
  if (rest.length > 0) {
    const form = "required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10";
    throw invalid(`${form}, instead received ${name}`);
  }
  if (!/^\d+$/.test(id)) throw invalid(`unable to parse a valid vlan id from: ${id} (ex. eth0.10 for vlan 10)`);
  if (Number(id) < 1 || Number(id) > 4094) throw invalid(`vlan id must be between 1-4094, received: ${id}`);
  return { below, id: Number(id) };
}

function oneOf<Name extends string>(
  known: Readonly<Record<Name, number>>,
  value: string,
  driver: ParentDriverName,
  what: "mode" | "flag",
  otherwise: string,
): Name {
  if (Object.hasOwn(known, value)) return value as Name;
  // docker-compat: of flags without the word.
  const usual = what === "mode" ? `'${otherwise}' mode` : `'${otherwise}'`;
  throw invalid(`requested ${driver} ${what} '${value}' is not valid, ${usual} is the ${driver} driver default`);
}

function mtuOf(text: string): number | undefined {
  if (text === "") return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) >= 68 && Number(text) <= 65535) return Number(text);
  throw invalid(`failed to parse ${MTU} value: ${text} (want 68 to 65535)`);
}

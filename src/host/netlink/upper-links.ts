import type { NetlinkRequest } from "./message.ts";
import {
  createLink,
  IFLA_ADDRESS,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINK,
  IFLA_LINKINFO,
  IFLA_MTU,
  linkHeader,
  writeNamespace,
  type NamespaceReference,
} from "./rtnetlink.ts";
import type { NetlinkWriter } from "./writer.ts";

/** Requests for links that lie over another one, as data (ip-link(8); linux/if_link.h). */
const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_IPVLAN_FLAGS = 2;
const IFLA_VLAN_ID = 1;

export const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
export const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const;
export const ipvlanFlags = { bridge: 0, private: 1, vepa: 2 } as const;

export interface UpperLinkOptions {
  readonly name: string;
  /** Index of the link below, in the namespace of the socket. */
  readonly parent: number;
  /** Six bytes; chosen by the kernel when absent. */
  readonly mac?: Uint8Array;
  /** That of the link below when absent. */
  readonly mtu?: number;
  /** Where the link is made; here when absent. */
  readonly namespace?: NamespaceReference;
}

export function addMacvlan(options: UpperLinkOptions & { readonly mode: keyof typeof macvlanModes }): NetlinkRequest {
  return addUpper(options, "macvlan", (data) => data.attributeU32(IFLA_MACVLAN_MODE, macvlanModes[options.mode]));
}

/** The link has the hardware address of the one below. */
export function addIpvlan(
  options: UpperLinkOptions & { readonly mode: keyof typeof ipvlanModes; readonly flag: keyof typeof ipvlanFlags },
): NetlinkRequest {
  return addUpper(options, "ipvlan", (data) =>
    data
      .attributeU16(IFLA_IPVLAN_MODE, ipvlanModes[options.mode])
      .attributeU16(IFLA_IPVLAN_FLAGS, ipvlanFlags[options.flag]),
  );
}

/** IEEE 802.1Q. */
export function addVlan(options: UpperLinkOptions & { readonly id: number }): NetlinkRequest {
  return addUpper(options, "vlan", (data) => data.attributeU16(IFLA_VLAN_ID, options.id));
}

/** A link that swallows what is sent to it. */
export function addDummy(name: string): NetlinkRequest {
  const writer = linkHeader(0, 0, 0).attributeString(IFLA_IFNAME, name);
  writer.nested(IFLA_LINKINFO, (info) => info.attributeString(IFLA_INFO_KIND, "dummy"));
  return createLink(writer, `add dummy ${name}`);
}

function addUpper(options: UpperLinkOptions, kind: string, fill: (data: NetlinkWriter) => void): NetlinkRequest {
  const writer = linkHeader(0, 0, 0).attributeString(IFLA_IFNAME, options.name).attributeU32(IFLA_LINK, options.parent);
  if (options.mac !== undefined) writer.attribute(IFLA_ADDRESS, options.mac);
  if (options.mtu !== undefined) writer.attributeU32(IFLA_MTU, options.mtu);
  if (options.namespace !== undefined) writeNamespace(writer, options.namespace);
  writer.nested(IFLA_LINKINFO, (info) => {
    info.attributeString(IFLA_INFO_KIND, kind);
    info.nested(IFLA_INFO_DATA, fill);
  });
  return createLink(writer, `add ${kind} ${options.name}`);
}

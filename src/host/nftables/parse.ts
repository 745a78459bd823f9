import { attributeMap, findAttribute, readBe32, readBe64, readString } from "../netlink/attributes.ts";
import type { NetlinkMessage } from "../netlink/message.ts";

/** Reading back what nf_tables dumps tell, reduced to what is compared. */
export interface ChainInfo {
  /** NFPROTO number: 1 inet, 2 ip, 10 ip6, … */
  readonly family: number;
  readonly table: string;
  readonly name: string;
  /** Undefined for chains that hang on no hook. */
  readonly base: { readonly hook: number; readonly priority: number; readonly policy: "accept" | "drop" } | undefined;
}

export interface RuleInfo {
  readonly handle: bigint;
  /** "" without one. */
  readonly comment: string;
  /** Encoded expressions, to compare with what was asked for. */
  readonly expressions: Uint8Array;
}

const NFGENMSG_SIZE = 4;

export function parseGeneration({ payload }: NetlinkMessage): number {
  return readBe32(findAttribute(payload, 1, NFGENMSG_SIZE));
}

/** The number the kernel gave the table; a table made anew under the same name has another one. */
export function parseTableHandle({ payload }: NetlinkMessage): bigint {
  return readBe64(attributeMap(payload, NFGENMSG_SIZE).get(4));
}

export function parseChain({ payload }: NetlinkMessage): ChainInfo {
  const attributes = attributeMap(payload, NFGENMSG_SIZE);
  const hook = attributes.get(4);
  const hookAttributes = attributeMap(hook ?? new Uint8Array(0));
  return {
    family: payload[0] ?? 0,
    table: readString(attributes.get(1)),
    name: readString(attributes.get(3)),
    base:
      hook === undefined
        ? undefined
        : {
            hook: readBe32(hookAttributes.get(1)),
            priority: readBe32(hookAttributes.get(2)) | 0,
            policy: readBe32(attributes.get(5)) === 1 ? "accept" : "drop",
          },
  };
}

export function parseRule({ payload }: NetlinkMessage): RuleInfo {
  const attributes = attributeMap(payload, NFGENMSG_SIZE);
  return {
    handle: readBe64(attributes.get(3)),
    comment: parseComment(attributes.get(7)),
    expressions: attributes.get(4) ?? new Uint8Array(0),
  };
}

function parseComment(userData: Uint8Array | undefined): string {
  if (userData === undefined || userData[0] !== 0 || userData[1] === undefined) return "";
  return readString(userData.subarray(2, 2 + userData[1]));
}

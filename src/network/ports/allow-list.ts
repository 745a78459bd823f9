import { BerthError } from "#base/errors.ts";
import { isIp } from "#base/ip-address.ts";
import { bitsOf, cidrText, contains, addressIn, familyOf, parseCidr, type Subnet } from "../ipam/subnet.ts";

/**
 * Who may use a published port: subnets and addresses with commas or blanks between, as CIDRs in one way of writing. One that
 * lies in another is left out, as the kernel's ranges must not overlap. `invalid-parameter` for anything else, and for none.
 */
export function parseAllowList(text: string): readonly string[] {
  const words = text.split(/[\s,]+/u).filter((word) => word !== "");
  if (words.length === 0) throw new BerthError("invalid-parameter", "an allow list of a published port is empty");
  const subnets = words.map(parseSubnet);
  const widest = subnets.filter(
    (one, index) =>
      !subnets.some((other, at) => at !== index && covers(other, one) && !(covers(one, other) && at > index)),
  );
  return widest.map(cidrText);
}

function parseSubnet(word: string): Subnet {
  return parseCidr(isIp(word) ? `${word}/${bitsOf(familyOf(word))}` : word).subnet;
}

function covers(wide: Subnet, narrow: Subnet): boolean {
  return wide.prefixLength <= narrow.prefixLength && contains(wide, addressIn(narrow, narrow.base));
}

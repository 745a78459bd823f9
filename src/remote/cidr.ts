const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const IPV6 = /^(?=.*:.*:)[0-9a-fA-F:]{2,39}$/;

/** Does the literal address `host` lie in `cidr` (`10.0.0.0/8`, `fd00::/8`)? False for names and malformed input. */
export function matchesCidr(host: string, cidr: string): boolean {
  const [network = "", length = ""] = cidr.split("/");
  const left = addressBits(host);
  const right = addressBits(network);
  if (left === undefined || right === undefined || left.length !== right.length || !/^[0-9]+$/.test(length))
    return false;
  return Number(length) <= left.length && left.startsWith(right.slice(0, Number(length)));
}

function addressBits(address: string): string | undefined {
  if (IPV6.test(address)) return ipv6Bits(address);
  if (!IPV4.test(address)) return undefined;
  return address
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
}

function ipv6Bits(address: string): string | undefined {
  const [head = "", tail, more] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const missing = 8 - left.length - right.length;
  if (more !== undefined || missing < 0 || (tail === undefined && missing > 0)) return undefined;
  const all = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

import { expect, test } from "bun:test";
import { portElements } from "./port-elements.ts";
import type { PortPublication } from "../types.ts";

/** Hex written in words. */
const packed = (words: string): string => words.replaceAll(" ", "");

function port(
  protocol: PortPublication["protocol"],
  containerPort: number,
  hostIp: string,
  hostPort: number,
): PortPublication {
  return { protocol, containerPort, hostIp, hostPort };
}

test("ports become elements by where they are published", () => {
  const { 4: four, 6: six } = portElements([
    { ipv4: "172.17.0.2", ipv6: "", ports: [port("tcp", 80, "0.0.0.0", 8080), port("tcp", 80, "127.0.0.1", 8081)] },
    { ipv4: "172.17.0.3", ipv6: "", ports: [port("udp", 53, "0.0.0.0", 5353), port("sctp", 1, "0.0.0.0", 2)] },
    { ipv4: "", ipv6: "fd00::2", ports: [port("tcp", 1, "0.0.0.0", 1), port("tcp", 80, "::", 8080)] },
    { ipv4: "172.17.0.4", ipv6: "fd00::4", ports: [port("tcp", 80, "::1", 8080), port("tcp", 80, "0.0.0.0", 0)] },
  ]);
  const hex = (element: { key: Uint8Array; value?: unknown }): string[] => [
    element.key.toHex(),
    ...(element.value instanceof Uint8Array ? [element.value.toHex()] : []),
  ];
  expect(four.publishedAny.map(hex)).toEqual([
    [packed("06000000 1f900000"), packed("ac110002 00500000")],
    [packed("11000000 14e90000"), packed("ac110003 00350000")],
    [packed("84000000 00020000"), packed("ac110003 00010000")],
  ]);
  expect(four.publishedAt.map(hex)).toEqual([[packed("7f000001 06000000 1f910000"), packed("ac110002 00500000")]]);
  expect(four.publishedTo.map(hex)).toEqual([
    [packed("ac110002 06000000 00500000")],
    [packed("ac110003 11000000 00350000")],
    [packed("ac110003 84000000 00010000")],
  ]);
  expect(four.openTo.map(hex)).toEqual([[packed("ac110004 06000000 00500000")]]);
  const fd00 = "fd000000 00000000 00000000";
  expect(six.publishedAny.map(hex)).toEqual([[packed("06000000 1f900000"), packed(`${fd00} 00000002 00500000`)]]);
  expect(six.publishedAt.map(hex)).toEqual([
    [packed("00000000 00000000 00000000 00000001 06000000 1f900000"), packed(`${fd00} 00000004 00500000`)],
  ]);
  expect(six.publishedTo).toHaveLength(2);
});

test("who may use a port, and ports that the host's rules decide upon", () => {
  const limited = { ...port("tcp", 80, "0.0.0.0", 8080), allow: ["10.0.0.0/8", "fd00::/8"] };
  const screened = { ...port("udp", 53, "192.0.2.1", 5353), firewall: "host" as const };
  const { 4: four, 6: six } = portElements([
    { ipv4: "172.17.0.2", ipv6: "fd00::2", ports: [limited, limited, screened] },
  ]);
  const place = "ac110002 06000000 00500000 1f900000";
  expect(four.limited.map(({ key }) => key.toHex())).toEqual([packed(place)]);
  expect(four.allowed.map(({ key, end }) => [key.toHex(), end?.toHex()])).toEqual([
    [packed(`0a000000 ${place}`), packed(`0affffff ${place}`)],
  ]);
  expect(four.screenedAt.map(({ key }) => key.toHex())).toEqual([packed("c0000201 11000000 14e90000")]);
  expect(four.publishedAt).toEqual([]);
  expect(six.limited).toEqual([]);
});

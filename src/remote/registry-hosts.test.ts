import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { matchesCidr } from "./cidr.ts";
import { isInsecure, placesOf, type RegistryEndpoint, type RegistryHostSettings } from "./registry-hosts.ts";

const plain = { insecureRegistries: [], mirrors: [], rules: [], certificateDirs: [] };

const endpointsOf = (domain: string, settings: RegistryHostSettings): readonly RegistryEndpoint[] =>
  placesOf(domain, settings).flatMap(({ endpoints }) => endpoints);

describe("where a registry is", () => {
  test.each([
    ["docker.io", ["https://registry-1.docker.io"]],
    ["example.com:5000", ["https://example.com:5000"]],
    ["localhost:5000", ["https://localhost:5000", "http://localhost:5000"]],
    ["127.1.2.3", ["https://127.1.2.3", "http://127.1.2.3"]],
    ["[::1]:5000", ["https://[::1]:5000", "http://[::1]:5000"]],
  ])("%s", (domain, urls) => {
    expect(endpointsOf(domain, plain).map((endpoint) => endpoint.baseUrl)).toEqual(urls);
  });

  test("mirrors come before the Hub, and only there", () => {
    const settings = { ...plain, mirrors: ["http://mirror.lan:5000/"] };
    expect(endpointsOf("docker.io", settings).map(({ baseUrl, insecure }) => [baseUrl, insecure])).toEqual([
      ["http://mirror.lan:5000", true],
      ["https://registry-1.docker.io", false],
    ]);
    expect(endpointsOf("example.com", settings)).toHaveLength(1);
  });

  test("insecure by name, by name with port, by network", () => {
    const list = ["reg.lan", "other.lan:5000", "10.0.0.0/8", "fd00::/8"];
    const domains = [
      "reg.lan",
      "reg.lan:443",
      "other.lan:5000",
      "other.lan",
      "10.1.2.3:5000",
      "11.1.2.3",
      "[fd00::5]:5000",
      "localhost.evil.com",
    ];
    expect(domains.map((domain) => isInsecure(domain, list))).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });
});

describe("certificates of a host's folder", () => {
  const base = mkdtempSync(`${tmpdir()}/berth-certs-`);
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  test("authorities and a client certificate with its key", () => {
    mkdirSync(`${base}/reg.lan:5000`);
    for (const name of ["ca.crt", "client.cert", "client.key"]) writeFileSync(`${base}/reg.lan:5000/${name}`, name);
    const [endpoint] = endpointsOf("reg.lan:5000", { ...plain, certificateDirs: ["/nonexistent", base] });
    expect(endpoint?.tls).toEqual({
      insecure: false,
      authorities: ["ca.crt"],
      certificate: "client.cert",
      key: "client.key",
    });
    expect(endpointsOf("other.lan", { ...plain, certificateDirs: [base] })[0]?.tls).toBeUndefined();
  });
});

test.each([
  ["10.1.2.3", "10.0.0.0/8", true],
  ["11.1.2.3", "10.0.0.0/8", false],
  ["1.2.3.4", "0.0.0.0/0", true],
  ["1.2.3.4", "1.2.3.4/32", true],
  ["1.2.3.4", "1.2.3.4/33", false],
  ["1.2.3.4", "1.2.3.4", false],
  ["256.1.1.1", "0.0.0.0/0", false],
  ["::1", "::1/128", true],
  ["fe80::1", "fe80::/10", true],
  ["1:2:3:4:5:6:7:8", "1:2::/32", true],
  ["1:2:3", "::/0", false],
  ["::1", "0.0.0.0/0", false],
  ["host", "10.0.0.0/8", false],
])("%s in %s: %p", (host, cidr, expected) => {
  expect(matchesCidr(host, cidr)).toBe(expected);
});

import { expect, test } from "bun:test";
import { familiarString, parseReference } from "#spec/oci/reference.ts";
import { mirrorsOf, type RegistryRule } from "./registry-rules.ts";

const rules: readonly RegistryRule[] = [
  { prefix: "quay.io", mirrors: ["https://m.lan/quay/", "http://other.lan:5000"], only: false },
  { prefix: "quay.io/team", mirrors: ["https://team.lan"], only: true },
  { prefix: "docker.io/library/busybox", mirrors: ["https://m.lan/bb"], only: false },
];

test.each([
  ["quay.io/app", ["https://m.lan m.lan/quay/app", "http://other.lan:5000 other.lan:5000/app"], false],
  ["quay.io/team/app:1", ["https://team.lan team.lan/app:1"], true],
  ["quay.io/teams", ["https://m.lan m.lan/quay/teams", "http://other.lan:5000 other.lan:5000/teams"], false],
  ["busybox", ["https://m.lan m.lan/bb"], false],
  ["busybox2", [], false],
  ["notquay.io/app", [], false],
])("%s", (name, places, only) => {
  const found = mirrorsOf(rules, parseReference(name));
  expect(found.mirrors.map(({ baseUrl, repository }) => `${baseUrl} ${familiarString(repository)}`)).toEqual(places);
  expect(found.only).toBe(only);
});

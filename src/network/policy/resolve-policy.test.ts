import { expect, test } from "bun:test";
import type { Endpoint } from "../types.ts";
import { formatPolicyRule, parsePolicyRule } from "./policy-rule.ts";
import { resolvePolicy } from "./resolve-policy.ts";

const members = ["app1", "app2", "db"].map((name) => ({ id: name, containerId: name }) as Endpoint);
const named = (name: string): readonly string[] =>
  name === "app" ? ["app1", "app2"] : members.map(({ id }) => id).filter((id) => id === name);
const flows = (...rules: readonly string[]): readonly string[] =>
  resolvePolicy(rules.map(parsePolicyRule), members, named).map(({ from, to, ports }) =>
    formatPolicyRule({ from: from.id, to: to.id, ports }),
  );

test("names become the containers that have them, never a container and itself", () => {
  expect(flows("app->db:5432")).toEqual(["app1->db:5432/tcp", "app2->db:5432/tcp"]);
  expect(flows("*->app1")).toEqual(["app2->app1", "db->app1"]);
  expect(flows("nobody->db", "db->nobody")).toEqual([]);
});

test("flows of a pair do not overlap", () => {
  expect(flows("app1->db:90-100", "app1->db:80", "app1->db:81-95", "app1->db:80/udp")).toEqual([
    "app1->db:80-100/tcp",
    "app1->db:80/udp",
  ]);
  expect(flows("app1->db:80", "app1->db", "app1->db:53/udp")).toEqual(["app1->db"]);
});

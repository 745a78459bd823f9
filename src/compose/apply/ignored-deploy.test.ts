import { expect, test } from "bun:test";
import type { Service } from "../load/project.ts";
import { ignoredDeploy } from "./ignored-deploy.ts";

const service = (name: string, deploy: Service["deploy"]): Service =>
  ({ name, deploy, depends_on: {}, networks: {}, environment: {} }) as Service;

test("what only a swarm heeds is told in one sentence", () => {
  expect(
    ignoredDeploy([
      service("a", { placement: { constraints: ["node.role == manager"] }, endpoint_mode: "dnsrr" }),
      service("b", { placement: { max_replicas_per_node: 1 }, mode: "replicated-job" }),
      service("c", { rollback_config: {}, resources: { reservations: { generic_resources: [{}] } } }),
    ]),
  ).toBe(
    "only a swarm heeds deploy.placement of a, b; deploy.endpoint_mode of a; deploy.mode of b; deploy.rollback_config of c; deploy.resources.reservations.generic_resources of c",
  );
});

test("what means the same on one machine is not told", () => {
  const deploy = { mode: "global", replicas: 2, endpoint_mode: "vip", placement: {}, update_config: {} } as const;
  expect(ignoredDeploy([service("a", deploy), service("b", undefined)])).toBeUndefined();
});

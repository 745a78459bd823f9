import { expect, test } from "bun:test";
import { loadProject } from "../load/load-project.ts";
import { parseYaml } from "../source/parse-yaml.ts";
import { asYaml, printedProject } from "./printed.ts";

const load = (text: string) =>
  loadProject(
    {
      files: ["/p/shop/compose.yaml"],
      workingDirectory: "/p/shop",
      name: "",
      environmentFiles: [],
      shell: {},
      profiles: ["*"],
      services: [],
      homeFolder: "/root",
    },
    { readText: () => text, parse: parseYaml },
  );

const written = `
x-own: {a: 1}
services:
  web:
    build: {context: ., args: {X: y}}
    ports: ["8080:80", "127.0.0.1:90-91:90-91/udp"]
    volumes: [".:/code", "data:/data:ro", {type: tmpfs, target: /t, tmpfs: {size: 1m}}]
    environment: {B: "2", A: 1}
    depends_on: [db]
    healthcheck: {test: curl x, interval: 90s}
    extra_hosts: ["h:1.2.3.4"]
    cpu_quota: 50000
    mem_limit: 64m
  db: {image: db, profiles: [data], networks: {back: {aliases: [d]}}}
networks: {back: {internal: true}}
volumes: {data: {external: true}}
`;

test("a project is printed in docker compose's canonical form", () => {
  expect(printedProject(load(written), "json")).toMatchObject({
    name: "shop",
    services: {
      web: {
        command: null,
        entrypoint: null,
        build: { context: "/p/shop", dockerfile: "Dockerfile", args: { X: "y" } },
        cpu_quota: 50000,
        mem_limit: "67108864",
        depends_on: { db: { condition: "service_started", required: true } },
        environment: { A: "1", B: "2" },
        extra_hosts: ["h=1.2.3.4"],
        healthcheck: { test: ["CMD-SHELL", "curl x"], interval: "1m30s" },
        networks: { default: null },
      },
      db: { networks: { back: { aliases: ["d"] } }, profiles: ["data"] },
    },
    networks: { back: { name: "shop_back", ipam: {}, internal: true }, default: { name: "shop_default", ipam: {} } },
    volumes: { data: { name: "data", external: true } },
    "x-own": { a: 1 },
  });
});

test("what is printed reads as the same project", () => {
  const first = printedProject(load(written));
  expect(printedProject(load(asYaml(first)))).toEqual(first);
});

import { expect, test } from "bun:test";
import { linkVariables } from "./link-variables.ts";

test("ports by number, the first one again without its number, ranges with both ends, then name and variables", () => {
  const variables = linkVariables({
    parent: "web",
    alias: "my-db",
    address: "172.17.0.2",
    exposedPorts: ["100-102/tcp", "81/udp", "80/udp"],
    env: ["A=x=y", "PATH=/bin", "HOME=/", "BARE"],
  });
  expect(variables).toEqual([
    "MY_DB_PORT=udp://172.17.0.2:80",
    "MY_DB_PORT_80_UDP=udp://172.17.0.2:80",
    "MY_DB_PORT_80_UDP_ADDR=172.17.0.2",
    "MY_DB_PORT_80_UDP_PORT=80",
    "MY_DB_PORT_80_UDP_PROTO=udp",
    "MY_DB_PORT_81_UDP=udp://172.17.0.2:81",
    "MY_DB_PORT_81_UDP_ADDR=172.17.0.2",
    "MY_DB_PORT_81_UDP_PORT=81",
    "MY_DB_PORT_81_UDP_PROTO=udp",
    "MY_DB_PORT_100_TCP=tcp://172.17.0.2:100",
    "MY_DB_PORT_100_TCP_ADDR=172.17.0.2",
    "MY_DB_PORT_100_TCP_PORT=100",
    "MY_DB_PORT_100_TCP_PROTO=tcp",
    "MY_DB_PORT_101_TCP=tcp://172.17.0.2:101",
    "MY_DB_PORT_101_TCP_ADDR=172.17.0.2",
    "MY_DB_PORT_101_TCP_PORT=101",
    "MY_DB_PORT_101_TCP_PROTO=tcp",
    "MY_DB_PORT_102_TCP=tcp://172.17.0.2:102",
    "MY_DB_PORT_102_TCP_ADDR=172.17.0.2",
    "MY_DB_PORT_102_TCP_PORT=102",
    "MY_DB_PORT_102_TCP_PROTO=tcp",
    "MY_DB_PORT_100_TCP_START=tcp://172.17.0.2:100",
    "MY_DB_PORT_100_TCP_PORT_START=100",
    "MY_DB_PORT_100_TCP_END=tcp://172.17.0.2:102",
    "MY_DB_PORT_100_TCP_PORT_END=102",
    "MY_DB_NAME=/web/my-db",
    "MY_DB_ENV_A=x=y",
  ]);
});

test("without ports there is only the name", () => {
  const link = { parent: "web", alias: "db", address: "172.17.0.2", exposedPorts: [], env: [] };
  expect(linkVariables(link)).toEqual(["DB_NAME=/web/db"]);
});

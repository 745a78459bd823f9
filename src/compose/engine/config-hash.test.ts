import { expect, test } from "bun:test";
import { loadProject } from "../load/load-project.ts";
import { parseYaml } from "../source/parse-yaml.ts";
import { networkHash, serviceHash, volumeHash } from "./config-hash.ts";

const text = `
services:
  plain: { image: busybox, command: "sh -c 'echo <a> & b'", environment: { B: "2", A: "1" }, labels: [x=y], cpus: 0.3, mem_limit: 1gb, memswap_limit: -1 }
  much:
    image: busybox
    depends_on: { plain: { condition: service_healthy, restart: true, required: false } }
    profiles: [p]
    mem_swappiness: 0
    stop_grace_period: 90s
    healthcheck: { test: "true", retries: 0, interval: 1500ms, start_period: 1m30s }
    deploy: { replicas: 3, resources: { limits: { cpus: "0.5", pids: 9 } }, restart_policy: { condition: any, delay: 5s } }
    ports: ["127.0.0.1:8080-8081:80-81/udp", { target: 90, mode: host, published: "91" }]
    volumes: [{ type: tmpfs, target: /x, tmpfs: { size: 5m, mode: 1777 } }, "data:/v:ro", "/h:/y:ro,z", /anonymous]
    extra_hosts: { b: "::1", a: 10.0.0.1 }
    ulimits: { nofile: 5, nproc: { soft: 5, hard: 6 } }
    secrets: [s, { source: s, target: other, mode: 0440 }]
    devices: ["/dev/null:/dev/x:r"]
    networks: { default: { priority: 4, aliases: [z, a] } }
    gpus: all
    post_start: [{ command: a b, environment: [A, B=c] }]
    develop: { watch: [{ path: /h, action: sync, target: /y, ignore: [c] }] }
    blkio_config: { weight: 5, device_read_bps: [{ path: /d, rate: 1mb }] }
  empty: { image: busybox, command: [], entrypoint: "", init: false, tty: false, attach: true }
volumes: { data: {} }
secrets: { s: { environment: HOME } }
`;

const project = loadProject(
  {
    files: ["/p/compose.yaml"],
    workingDirectory: "/p",
    name: "shop",
    environmentFiles: [],
    shell: {},
    profiles: ["*"],
    services: [],
    homeFolder: "/",
  },
  { readText: (path) => (path === "/p/compose.yaml" ? text : undefined), parse: parseYaml },
);

// `docker compose config --hash '*'`, Debian's 2.26.1-4.
test.each([
  ["plain", "d9af3553886899ce83926c80636d455033689103032d21e5cc42fb62e500835a"],
  ["much", "d04ed60a895e7da84f588e27691f0670d0f5f5676548eb90c8998c405393ac50"],
  ["empty", "28649f37a5fdb7e891f43cf4a5e0ec4323c35deee45a2782470dacaac10a79d6"],
])("%s has docker compose's hash", (name, hash) => {
  const service = project.services.get(name);
  if (service === undefined) throw new Error("it is in the file");
  expect(serviceHash(service)).toBe(hash);
});

test("a namespace that is shared counts as its container's", () => {
  const [service] = project.services.values();
  if (service === undefined) throw new Error("there is one");
  const sharing = { ...service, network_mode: "service:other" };
  const ids: Readonly<Record<string, string>> = { other: "1".repeat(64) };
  expect(serviceHash(sharing, (name) => ids[name])).toBe(
    serviceHash({ ...service, network_mode: `container:${"1".repeat(64)}` }),
  );
});

test("networks and volumes: what they are called and how they are made", () => {
  const own = { key: "n", name: "shop_n", external: false };
  expect(networkHash({ ...own, driver: "bridge" })).not.toBe(networkHash(own));
  expect(volumeHash({ ...own, driver: "local" })).toBe(volumeHash(own));
  expect(volumeHash({ ...own, driver_opts: { o: "size=1" } })).not.toBe(volumeHash(own));
});

/** Keys of Compose files that docker compose 2.26 does not know or does otherwise, each seen at work. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { background } from "../../../tools/lab/background.ts";
import { eventually } from "../../../tools/lab/command.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { ComposeSide } from "./fixture.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bkeys0", bip: "172.31.192.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

const inspected = async (template: string, name = "shop-s-1"): Promise<unknown> =>
  JSON.parse(await side.engine.ok("inspect", "-f", `{{json ${template}}}`, name)) as unknown;

/** A folder of the project that every user may write into. */
function openFolder(name: string): void {
  mkdirSync(join(side.folder, name), { recursive: true });
  chmodSync(join(side.folder, name), 0o777);
}

test("label_file, env_file as it stands, names of ports, names and order of interfaces", async () => {
  side.project(
    `
services:
  s:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    label_file: [one.labels, two.labels]
    env_file: [{path: raw.env, format: raw}]
    ports: [{name: web, target: 80, host_ip: 127.0.0.1, app_protocol: http}]
    networks:
      back: {}
      front:
        interface_name: front7
        mac_address: "02:42:ac:11:77:07"
        gw_priority: 5
        driver_opts: {com.docker.network.endpoint.sysctls: "net.ipv4.conf.IFNAME.log_martians=1"}
networks:
  front: {enable_ipv4: true, enable_ipv6: false}
  back: {}
`,
    { "one.labels": "a=1\nb=1\n", "two.labels": "b=2\n", "raw.env": "WORD='as it stands' # all of it\nCOST=$5\n" },
  );
  await side.ok("up", "-d");
  expect(await inspected(".Config.Labels")).toMatchObject({ a: "1", b: "2" });
  expect(await side.ok("exec", "s", "sh", "-c", 'echo "$WORD $COST"')).toBe("'as it stands' # all of it $5\n");
  expect(await side.ok("exec", "s", "cat", "/sys/class/net/front7/address")).toBe("02:42:ac:11:77:07\n");
  expect(await side.ok("exec", "s", "sh", "-c", "ip route | grep default")).toContain("dev front7");
  expect(await side.ok("exec", "s", "cat", "/proc/sys/net/ipv4/conf/front7/log_martians")).toBe("1\n");
  expect(await side.ok("port", "s", "80")).toMatch(/^127\.0\.0\.1:\d+\n$/u);
  const { services } = JSON.parse(await side.ok("config", "--format", "json")) as {
    readonly services: { readonly s: { readonly ports: readonly unknown[] } };
  };
  expect(services.s.ports).toMatchObject([{ name: "web", app_protocol: "http", target: 80 }]);
});

test("parts of volumes, of images and of folders; configurations with an owner; what a variable holds", async () => {
  await side.engine.ok("volume", "create", "shop-parts");
  await side.engine.ok(
    "run",
    "--rm",
    "-v",
    "shop-parts:/v",
    "busybox",
    "sh",
    "-c",
    "mkdir /v/deep; echo part >/v/deep/f",
  );
  side.project(
    `
services:
  s:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    volumes:
      - {type: bind, source: ./tree, target: /tree, bind: {recursive: disabled}}
      - {type: bind, source: ./tree, target: /labelled, bind: {selinux: z}}
      - {type: volume, source: parts, target: /part, volume: {subpath: deep, nocopy: true}}
      - {type: volume, target: /own, volume: {labels: {of: a mount}}}
      - {type: image, source: busybox, target: /image, image: {subpath: bin}}
    configs: [{source: page, target: /page, uid: "7", gid: "8", mode: 0440}]
    secrets: [{source: told, target: /told, uid: "9", gid: "9", mode: 0400}]
configs: {page: {environment: PAGE}}
secrets: {told: {content: "in the file"}}
volumes: {parts: {external: true, name: shop-parts}}
`,
    { "tree/f": "of the tree", ".env": "PAGE=what it holds\n" },
  );
  await side.ok("up", "-d");
  const { stdout } = await side.compose(
    ...["exec", "-T", "s", "sh", "-c"],
    "cat /tree/f /labelled/f /part/f; ls /image/busybox; stat -c '%u %g %a' /page /told; cat /page /told",
  );
  expect(stdout).toBe("of the treeof the treepart\n/image/busybox\n7 8 440\n9 9 400\nwhat it holdsin the file");
  const mounts = (await inspected(".HostConfig.Mounts")) as readonly unknown[];
  expect(mounts).toContainEqual(
    expect.objectContaining({ BindOptions: expect.objectContaining({ NonRecursive: true }) }),
  );
  const [own = ""] = ((await inspected(".Mounts")) as { Destination: string; Name: string }[]).flatMap(
    ({ Destination, Name }) => (Destination === "/own" ? [Name] : []),
  );
  expect(await side.engine.ok("volume", "inspect", "-f", "{{.Labels.of}}", own)).toBe("a mount\n");
  await side.ok("down", "-t", "0");
  await side.engine.ok("volume", "rm", "shop-parts");
});

test("what only a swarm keeps, and accounts of Windows, are refused by name", async () => {
  const text = (kind: string, more: string): string =>
    `services: {s: {image: busybox, ${kind}: [f]}}\n${kind}: {f: {${more}}}\n`;
  for (const [project, message] of [
    [text("configs", "external: true"), "unsupported external config f"],
    [text("configs", "external: {name: g}"), "unsupported external config f"],
    [text("secrets", "external: true"), "unsupported external secret f"],
    [text("secrets", "external: {name: g}"), "unsupported external secret f"],
    ...["configs", "secrets"].flatMap((kind) =>
      ["driver: d", "driver_opts: {a: b}", "template_driver: golang"].map((of) => [
        text(kind, `file: ./compose.yaml, ${of}`),
        `${of.split(":")[0] ?? ""} is not supported: only a swarm has it`,
      ]),
    ),
    ...["config: c", "file: f", "registry: r"].map((of) => [
      `services: {s: {image: busybox, credential_spec: {${of}}}}`,
      "credential_spec is not supported",
    ]),
  ]) {
    side.project(project ?? "");
    const { code, stderr } = await side.compose("up", "-d");
    expect([project, code, stderr]).toEqual([project, 1, expect.stringContaining(message ?? "")]);
  }
});

test("what the engine cannot give is told with its place", async () => {
  side.project("services:\n  s:\n    image: busybox\n    storage_opt: {size: 1G}\n");
  expect((await side.compose("up", "-d")).stderr).toMatch(
    /compose\.yaml:3: services\.s: .*--storage-opt is supported only/u,
  );
});

test("options of address drivers", async () => {
  side.project(
    "services: {s: {image: busybox, networks: [n]}}\nnetworks:\n  n: {ipam: {options: {told: to the driver}}}\n",
  );
  await side.ok("create");
  expect(JSON.parse(await side.engine.ok("network", "inspect", "-f", "{{json .IPAM.Options}}", "shop_n"))).toEqual({
    told: "to the driver",
  });
});

test("gpus and what they are asked for", async () => {
  const of = (gpus: string): string => `services: {s: {image: busybox, command: sleep 1000, gpus: ${gpus}}}`;
  side.project(of("all"));
  await side.ok("create");
  expect(await inspected(".HostConfig.DeviceRequests")).toMatchObject([{ Count: -1, Capabilities: [["gpu"]] }]);
  side.project(of("[{driver: cdi, capabilities: [compute], device_ids: [a, b], options: {k: v}}, {count: 2}]"));
  await side.ok("create");
  expect(await inspected(".HostConfig.DeviceRequests")).toMatchObject([
    { Driver: "cdi", DeviceIDs: ["a", "b"], Options: { k: "v" } },
    { Count: 2 },
  ]);
  side.project(
    "services: {s: {image: busybox, command: sleep 1000, deploy: {resources: {reservations: {devices: [{capabilities: [tpu], options: {how: kindly}}]}}}}}",
  );
  await side.ok("create");
  expect(await inspected(".HostConfig.DeviceRequests")).toMatchObject([{ Options: { how: "kindly" } }]);
});

test("weights of devices", async () => {
  side.project(
    "services: {s: {image: busybox, command: sleep 1000, blkio_config: {weight_device: [{path: /dev/sda, weight: 400}]}}}",
  );
  await side.ok("create");
  expect(await inspected(".HostConfig.BlkioWeightDevice")).toEqual([{ Path: "/dev/sda", Weight: 400 }]);
});

test("hooks: who runs them, where, with what", async () => {
  const line = (name: string): string =>
    `sh -c 'echo "$$WORD $$(id -u) $$(pwd) $$(grep CapBnd /proc/self/status)" > /log/${name}'`;
  const hook = (name: string): string =>
    `[{command: ${JSON.stringify(line(name))}, user: "7", working_dir: /tmp, privileged: true, environment: {WORD: ${name}}}]`;
  side.project(`
services:
  s:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    volumes: ["./log:/log"]
    pre_start: ${hook("pre_start")}
    post_start: ${hook("post_start")}
    pre_stop: ${hook("pre_stop")}
`);
  openFolder("log");
  await side.ok("up", "-d");
  const plain = (await side.ok("exec", "-T", "s", "grep", "CapBnd", "/proc/self/status")).trim();
  await side.ok("stop");
  for (const name of ["pre_start", "post_start", "pre_stop"]) {
    const written = readFileSync(join(side.folder, "log", name), "utf8").trim();
    expect(written).toStartWith(`${name} 7 /tmp CapBnd:`);
    expect(written).not.toEndWith(plain);
  }
});

test("what is run when files change: who runs it, where, with what; only files that are included", async () => {
  const line = `echo "$$WORD $$(id -u) $$(pwd) $$(grep CapBnd /proc/self/status)" > /log/ran`;
  side.project(
    `
services:
  s:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    volumes: ["./log:/log"]
    develop:
      watch:
        - path: src
          action: sync+exec
          target: /srv
          include: ["*.sql"]
          exec: {command: ${JSON.stringify(["sh", "-c", line])}, user: "7", working_dir: /tmp, privileged: true, environment: {WORD: given}}
`,
    { "src/first": "" },
  );
  openFolder("log");
  const shown = background(
    [...berthCommand(), "compose", "-f", join(side.folder, "compose.yaml"), "watch"],
    side.environment,
  );
  await shown.waitFor(/Watch enabled/u);
  writeFileSync(join(side.folder, "src/left-out"), "1");
  writeFileSync(join(side.folder, "src/a.sql"), "1");
  const ran = await eventually("the command ran", async () => {
    const file = Bun.file(join(side.folder, "log/ran"));
    return (await file.exists()) && file.size > 0 ? file.text() : undefined;
  });
  expect(ran).toStartWith("given 7 /tmp CapBnd:");
  expect(ran.trim()).not.toEndWith((await side.ok("exec", "-T", "s", "grep", "CapBnd", "/proc/self/status")).trim());
  expect(await side.ok("exec", "-T", "s", "ls", "/srv")).toBe("a.sql\n");
  shown.signal("SIGINT");
  expect(await shown.end()).toBe(130);
});

test("an image is pulled again after the time that is given", async () => {
  const of = (after: string): string =>
    `services: {s: {image: "${side.engine.registry}/busybox", command: sleep 1000, stop_grace_period: 0s, pull_policy: refresh, pull_refresh_after: ${after}}}`;
  side.project(of("24h"));
  await side.ok("pull");
  expect((await side.compose("up", "-d")).stderr).not.toContain("Pulled");
  side.project(of("1ms"));
  expect((await side.compose("up", "-d")).stderr).toContain("Pulled");
});

test("an update waits, and bears as many failures as it says", async () => {
  const text = (version: string, command: string): string => `
services:
  s:
    image: busybox
    command: ${command}
    environment: {VERSION: "${version}"}
    stop_grace_period: 0s
    volumes: ["./shared:/shared"]
    deploy:
      replicas: 2
      update_config: {parallelism: 1, delay: 10ms, monitor: 2s, max_failure_ratio: 0.5, failure_action: pause}
`;
  side.project(text("1", "sleep 1000"));
  await side.ok("up", "-d");
  // One of two may end within the time that is looked at.
  side.project(text("2", "sh -c 'mkdir /shared/first && exit 1; sleep 1000'"));
  await side.ok("up", "-d");
  side.project(text("3", "'false'"));
  const failed = await side.compose("up", "-d");
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('update of service "s" is paused')]);
});

test("a build section as bake would have it: what is asked of who builds", async () => {
  side.project(
    `
services:
  s:
    image: made
    build:
      context: .
      isolation: default
      ssh: [default, key=/k]
      pull: true
      no_cache: true
      entitlements: [network.host]
      ulimits: {nofile: {soft: 10, hard: 20}}
      secrets: [{source: key, target: other, uid: "1", gid: "2", mode: 0400}]
secrets: {key: {file: ./key}}
`,
    { Dockerfile: "FROM busybox\n", key: "hidden" },
  );
  const { target } = JSON.parse(await side.ok("build", "--print")) as { target: { s: unknown } };
  expect(target.s).toMatchObject({
    ssh: ["default", "key=/k"],
    pull: true,
    "no-cache": true,
    entitlements: ["network.host"],
    ulimits: ["nofile=10:20"],
    secret: [expect.stringContaining("id=other")],
  });
  const { services } = JSON.parse(await side.ok("config", "--format", "json")) as {
    readonly services: { readonly s: { readonly build: { readonly secrets: unknown } } };
  };
  expect(services.s.build.secrets).toMatchObject([{ source: "key", target: "other", uid: "1", gid: "2" }]);
});

test("names of models", async () => {
  side.project("services: {s: {image: busybox, models: [m]}}\nmodels: {m: {name: called, model: ai/it}}\n");
  const { models } = JSON.parse(await side.ok("config", "--format", "json")) as { readonly models: unknown };
  expect(models).toMatchObject({ m: { name: "called", model: "ai/it" } });
});

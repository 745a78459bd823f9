import { describe, expect, test } from "bun:test";
import { loadProject, type LoadOptions } from "./load-project.ts";
import { parseYaml } from "../source/parse-yaml.ts";
import type { Project } from "./project.ts";

type Files = Readonly<Record<string, string>>;

function load(files: Files, options: Partial<LoadOptions> = {}): Project {
  return loadProject(
    {
      files: ["/p/shop/compose.yaml"],
      workingDirectory: "/p/shop",
      name: "",
      environmentFiles: [],
      shell: { HOME: "/home/me", TAG: "7" },
      profiles: [],
      services: [],
      homeFolder: "/home/me",
      ...options,
    },
    { readText: (path) => files[path], parse: parseYaml },
  );
}

const one = (text: string, options: Partial<LoadOptions> = {}): Project =>
  load({ "/p/shop/compose.yaml": text }, options);
const service = (lines: string, options: Partial<LoadOptions> = {}) => {
  const text = `services:\n  s:\n    image: i\n${lines.replaceAll(/^/gmu, "    ")}\n`;
  const found = one(text, options).services.get("s");
  if (found === undefined) throw new Error("no service");
  return found;
};

describe("short forms", () => {
  test("ports", () => {
    expect(
      service('ports: ["80", 8080:80/udp, "127.0.0.1:5000-5001:50-51", "[::1]::9", "3000-3005:3000"]').ports,
    ).toEqual([
      { mode: "ingress", target: 80, protocol: "tcp" },
      { mode: "ingress", target: 80, published: "8080", protocol: "udp" },
      { mode: "ingress", host_ip: "127.0.0.1", target: 50, published: "5000", protocol: "tcp" },
      { mode: "ingress", host_ip: "127.0.0.1", target: 51, published: "5001", protocol: "tcp" },
      { mode: "ingress", host_ip: "::1", target: 9, protocol: "tcp" },
      { mode: "ingress", target: 3000, published: "3000-3005", protocol: "tcp" },
    ]);
  });

  test("volumes", () => {
    const { volumes } = service("volumes: [/anon, 'data:/d:ro,nocopy', './src:/src:z', '~/x:/x:ro,rslave']", {
      consistency: false,
    });
    expect(volumes).toEqual([
      { type: "volume", target: "/anon", volume: {} },
      { type: "volume", source: "data", target: "/d", read_only: true, volume: { nocopy: true } },
      { type: "bind", source: "/p/shop/src", target: "/src", bind: { create_host_path: true, selinux: "z" } },
      {
        type: "bind",
        source: "/home/me/x",
        target: "/x",
        read_only: true,
        bind: { create_host_path: true, propagation: "rslave" },
      },
    ]);
  });

  test("commands, environment, lists that may be one", () => {
    const read = service(
      [
        "command: sh -c 'echo \"$$X\"'",
        "entrypoint: null",
        "environment: [A=1, TAG, NOBODY, B=]",
        "dns: 1.1.1.1",
        "tmpfs: /t",
        "healthcheck: {test: curl x, interval: 1m30s}",
        "build: ./app",
        "extra_hosts: ['a=1.2.3.4', 'b:::1', 'a=5.6.7.8']",
        "ulimits: {nofile: 5, nproc: {soft: 1, hard: 2}}",
        "mem_limit: 64m",
        "cpus: '0.5'",
        "depends_on: {}",
        "env_file: []",
        "gpus: all",
      ].join("\n"),
    );
    expect(read).toMatchObject({
      command: ["sh", "-c", 'echo "$X"'],
      entrypoint: null,
      environment: { A: "1", TAG: "7", NOBODY: null, B: "" },
      dns: ["1.1.1.1"],
      tmpfs: ["/t"],
      healthcheck: { test: ["CMD-SHELL", "curl x"], interval: "1m30s" },
      build: { context: "/p/shop/app", dockerfile: "Dockerfile" },
      extra_hosts: { a: ["1.2.3.4", "5.6.7.8"], b: ["::1"] },
      ulimits: { nofile: { soft: 5, hard: 5 }, nproc: { soft: 1, hard: 2 } },
      mem_limit: 67108864,
      cpus: 0.5,
      gpus: [{ count: -1 }],
      networks: { default: {} },
    });
  });
});

describe("several files", () => {
  const base = `
name: shop
services:
  web:
    image: web:\${TAG}
    command: [a, b]
    ports: ["80:80", "443:443"]
    environment: {A: "1", B: "2"}
    volumes: ["data:/d", "./x:/x"]
    dns: [1.1.1.1]
    labels: [l=1]
volumes: {data: }
`;

  test("merge by the specification's rules", () => {
    const project = load(
      {
        "/p/shop/compose.yaml": base,
        "/p/shop/o.yaml": `
services:
  web:
    command: [c]
    ports: ["80:80", "81:81"]
    environment: [B=3, C=4]
    volumes: ["other:/d"]
    dns: [2.2.2.2]
    labels: {m: 2}
volumes: {other: {external: true}}
`,
      },
      { files: ["/p/shop/compose.yaml", "/p/shop/o.yaml"] },
    );
    const web = project.services.get("web");
    expect(web).toMatchObject({
      image: "web:7",
      command: ["c"],
      environment: { A: "1", B: "3", C: "4" },
      dns: ["1.1.1.1", "2.2.2.2"],
      labels: { l: "1", m: "2" },
    });
    expect(web?.ports?.map((port) => port.published)).toEqual(["80", "443", "81"]);
    expect(web?.volumes?.map((mount) => mount.source)).toEqual(["other", "/p/shop/x"]);
    expect([...project.volumes.values()]).toEqual([
      { key: "data", name: "shop_data", external: false },
      { key: "other", name: "other", external: true },
    ]);
  });

  test("!reset and !override", () => {
    const over =
      "services:\n  web:\n    ports: !override ['9:9']\n    dns: !reset []\n    environment:\n      A: !reset null\n";
    const web = load(
      { "/p/shop/compose.yaml": base, "/p/shop/o.yaml": over },
      { files: ["/p/shop/compose.yaml", "/p/shop/o.yaml"] },
    ).services.get("web");
    expect(web?.ports?.map((port) => port.target)).toEqual([9]);
    expect(web?.dns).toBeUndefined();
    expect(web?.environment).toEqual({ B: "2" });
  });

  test("extends, over files and folders", () => {
    const project = load({
      "/p/shop/compose.yaml": `
services:
  web:
    extends: {file: ../common/base.yaml, service: app}
    environment: {B: "2"}
  copy:
    extends: web
    image: other
`,
      "/p/common/base.yaml": `
services:
  root: {image: r, volumes: [./v:/v]}
  app: {extends: root, environment: {A: "1", B: "1"}, env_file: e.env}
`,
      "/p/common/e.env": "E=1\nA=0\n",
    });
    expect(project.services.get("copy")).toMatchObject({
      image: "other",
      environment: { A: "1", B: "2", E: "1" },
      volumes: [{ source: "/p/common/v" }],
    });
    expect(project.services.get("web")?.image).toBe("r");
  });

  test("include, with its own folder and variables", () => {
    const project = load({
      "/p/shop/compose.yaml":
        "include: [../db/compose.yaml]\nservices:\n  web: {image: 'w:${V:-none}', depends_on: [db]}\n",
      "/p/db/compose.yaml": "services:\n  db: {image: 'db:${V}', volumes: ['./data:/d']}\n",
      "/p/db/.env": "V=9\n",
    });
    expect(project.services.get("web")).toMatchObject({
      image: "w:none",
      depends_on: { db: { condition: "service_started", restart: false, required: true } },
    });
    expect(project.services.get("db")).toMatchObject({ image: "db:9", volumes: [{ source: "/p/db/data" }] });
  });
});

describe("profiles, names, warnings", () => {
  const text = `
services:
  web: {image: w, depends_on: [db]}
  db: {image: d, profiles: [data]}
  debug: {image: x, profiles: [tools, debug]}
`;
  test("a profile enables, so does a name with what it depends on", () => {
    expect([...one(text, { profiles: ["data"] }).services.keys()]).toEqual(["web", "db"]);
    expect([...one(text, { profiles: ["*"] }).services.keys()]).toEqual(["web", "db", "debug"]);
    expect([...one(text, { services: ["web"] }).services.keys()]).toEqual(["web", "db"]);
    expect(() => one(text)).toThrow(/depends on undefined service "db"/);
    expect(() => one(text, { services: ["nobody"] })).toThrow("no such service: nobody");
  });

  test("the project's name", () => {
    const minimal = "services: {s: {image: i}}\n";
    expect(one(minimal).name).toBe("shop");
    expect(one(minimal, { workingDirectory: "/p/My Shop.2" }).name).toBe("myshop2");
    expect(one(`name: file\n${minimal}`).name).toBe("file");
    expect(one(`name: file\n${minimal}`, { shell: { COMPOSE_PROJECT_NAME: "shell" } }).name).toBe("shell");
    expect(one(`name: file\n${minimal}`, { name: "flag" }).name).toBe("flag");
    expect(() => one(minimal, { name: "Bad Name" })).toThrow('invalid project name "Bad Name"');
    expect(one("services: {s: {image: '${COMPOSE_PROJECT_NAME}'}}", { name: "flag" }).services.get("s")?.image).toBe(
      "flag",
    );
  });

  test("warnings come once each", () => {
    const { warnings } = one("version: '3'\nservices: {s: {image: i, hostname: '${NO}', user: '$NO'}}\n");
    expect(warnings).toHaveLength(2);
    expect(warnings.join("\n")).toContain('The "NO" variable is not set.');
    expect(warnings.join("\n")).toContain("`version` is obsolete");
  });
});

describe("mistakes name file, line and key", () => {
  test.each([
    [
      "services:\n  s:\n    image: x\n    command: echo 'cut off",
      "compose.yaml:4: services.s.command: EOF found when expecting closing quote: echo 'cut off",
    ],
    ["servces: {}", "compose.yaml:1: additional properties 'servces' not allowed"],
    ["services:\n  s:\n    imag: x", "compose.yaml:3: services.s: additional properties 'imag' not allowed"],
    ["services:\n  s:\n    image: [x]", "compose.yaml:3: services.s.image must be a string"],
    ["services:\n  s: x", "compose.yaml:2: services.s must be a mapping"],
    ["- s", "compose.yaml:1: the file must be a mapping"],
    [
      "services:\n  s:\n    image: i\n    env_file: e",
      "compose.yaml:4: services.s.env_file: env file /p/shop/e not found",
    ],
    [
      "services:\n  s:\n    image: i\n    ports: ['1:2:3:4']",
      "compose.yaml:4: services.s.ports.0: invalid port '1:2:3:4'",
    ],
    ["services:\n  s:\n    image: i\n    ports: ['5-3:1']", "services.s.ports.0: invalid port"],
    ["services:\n  s:\n    image: i\n    volumes: ['a:b:c:d']", "services.s.volumes.0: invalid spec"],
    ["services:\n  s:\n    image: i\n    mem_limit: much", "services.s.mem_limit must be a byte value"],
    [
      "services:\n  s:\n    image: i\n    depends_on: {d: {condition: maybe}}",
      "services.s.depends_on.d.condition must be one of",
    ],
    [
      "services:\n  s:\n    image: '${X:?say it}'",
      "compose.yaml:3: services.s.image: required variable X is missing a value: say it",
    ],
    ["services:\n  s:\n    image: '${'", "compose.yaml:3: services.s.image: invalid interpolation format"],
    ["services: {s: {}}", 'service "s" has neither an image nor a build context specified'],
    ["services:\n  s:\n    image: i\n    networks: [x]", 'compose.yaml:4: service "s" refers to undefined network x'],
    ["services:\n  s:\n    image: i\n    volumes: [x:/x]", 'service "s" refers to undefined volume x'],
    ["services:\n  s:\n    image: i\n    secrets: [x]", 'service "s" refers to undefined secret x'],
    ["services:\n  s:\n    image: i\n    depends_on: [x]", 'service "s" depends on undefined service "x"'],
    [
      "services:\n  a: {image: i, depends_on: [b]}\n  b: {image: i, depends_on: [a]}",
      "dependency cycle detected: a -> b -> a",
    ],
    ["services:\n  a: {extends: b}\n  b: {extends: a}", "Circular reference"],
    ["services:\n  a: {extends: nobody}", 'service "nobody" not found'],
    ["services:\n  a: {extends: {file: no.yaml, service: x}}", "open /p/shop/no.yaml: no such file or directory"],
    ["include: [compose.yaml]\nservices: {}", "include cycle detected"],
    ["include: [no.yaml]", "compose.yaml:1: open /p/shop/no.yaml: no such file or directory"],
    [
      "services:\n  s: {image: i, network_mode: host, networks: [default]}",
      "mutually exclusive `network_mode` and `networks`",
    ],
    ["services:\n  s: {image: i, container_name: one, scale: 2}", "can't set container_name and scale to 2"],
    ["services:\n  s: {image: i, env_file: no.env}", "env file /p/shop/no.env not found"],
    ["", "empty compose file"],
  ])("%j", (text, message) => {
    let thrown: unknown;
    try {
      one(text);
    } catch (error) {
      thrown = error;
    }
    expect(String((thrown as Error | undefined)?.message)).toContain(message);
  });

  test("a near name is offered", () => {
    try {
      one("services:\n  s:\n    enviroment: {}\n");
      expect.unreachable();
    } catch (error) {
      expect((error as { hint?: string }).hint).toBe("Did you mean 'environment'?");
    }
  });
});

test("values with variables stay as they are written where nothing is substituted", () => {
  const text = `services:
  s:
    image: i:\${TAG}
    scale: \${COUNT}
    ports: ["\${PORT}:80", "81:81"]
    volumes: ["\${FROM}:/a"]
    deploy: \${ALL}
`;
  const { services } = one(text, { interpolate: false, consistency: false });
  const { image, scale, ports, volumes, deploy } = (services.get("s") ?? {}) as unknown as Record<string, unknown>;
  expect({ image, scale, ports, volumes, deploy }).toEqual({
    image: "i:${TAG}",
    scale: "${COUNT}",
    ports: ["${PORT}:80", { mode: "ingress", target: 81, published: "81", protocol: "tcp" }],
    volumes: ["${FROM}:/a"],
    deploy: "${ALL}",
  });
  expect(() => one(text)).toThrow("compose.yaml:4: services.s.scale must be an integer");
});

import { describe, expect, test } from "bun:test";
import { networkHash, serviceHash, volumeHash } from "../engine/config-hash.ts";
import { composeVersion, label } from "../engine/labels.ts";
import type { ObservedContainer, ObservedResources } from "../engine/observe.ts";
import { loadProject } from "../load/load-project.ts";
import { parseYaml } from "../source/parse-yaml.ts";
import type { Project } from "../load/project.ts";
import { planUp, type UpOptions } from "./plan-up.ts";

const project = (text: string): Project =>
  loadProject(
    {
      files: ["/p/c.yaml"],
      workingDirectory: "/p",
      name: "shop",
      environmentFiles: [],
      shell: {},
      profiles: [],
      services: [],
      homeFolder: "/",
    },
    { readText: (path) => (path === "/p/c.yaml" ? text : undefined), parse: parseYaml },
  );

const shop = project(
  "services:\n  web: {image: w, depends_on: {db: {condition: service_started, restart: true}}}\n  db: {image: d, scale: 2, volumes: ['data:/d']}\nvolumes: {data: }\n",
);

const hashes = new Map([...shop.services.values()].map((service) => [service.name, serviceHash(service)]));

function container(service: string, number: number, changes: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: `${service}${number}`,
    name: `shop-${service}-${number}`,
    service,
    number,
    oneOff: false,
    configHash: hashes.get(service) ?? "",
    filesHash: "",
    imageId: "sha256:1",
    state: "running",
    labels: { [label.version]: composeVersion },
    created: 1,
    networks: ["shop_default"],
    anonymousVolumes: new Map(),
    summary: {} as ObservedContainer["summary"],
    ...changes,
  };
}

const there: ObservedResources = {
  networks: new Map([["shop_default", {} as never]]),
  volumes: new Map([["shop_data", {}]]),
};

const options = (changes: Partial<UpOptions> = {}): UpOptions => ({
  services: [...shop.services.values()],
  named: new Set(shop.services.keys()),
  recreate: "diverged",
  recreateDependencies: "diverged",
  removeOrphans: false,
  scale: new Map(),
  filesHashes: new Map(),
  imageIds: new Map(),
  ...changes,
});

function plan(containers: readonly ObservedContainer[], changes: Partial<UpOptions> = {}, resources = there): string[] {
  const { networks, volumes, containers: steps } = planUp(shop, containers, resources, options(changes));
  return [
    ...networks.map(({ name }) => `network ${name}`),
    ...volumes.map(({ name }) => `volume ${name}`),
    ...steps.map((step) => {
      const number = "number" in step ? step.number : step.old.number;
      return `${step.kind} ${step.service} ${number}${"why" in step ? `: ${step.why}` : ""}`;
    }),
  ];
}

const all = [container("web", 1), container("db", 1), container("db", 2)];

describe("what up changes", () => {
  test("of two containers with one number, left by an update that was cut off, the one with the name is kept", () => {
    const unproven = container("db", 1, { id: "new", name: "0123456789ab_shop-db-1" });
    const old = container("db", 1, { state: "exited", configHash: "other" });
    expect(plan([container("web", 1), unproven, old, container("db", 2)])).toEqual([
      "remove db 1: scaled down",
      "recreate db 1: its configuration changed",
      "keep db 2",
      "recreate web 1: a service it depends on is recreated",
    ]);
    const done = container("db", 1, {
      id: "old",
      name: "ba9876543210_shop-db-1",
      state: "exited",
      configHash: "other",
    });
    expect(plan([container("web", 1), done, ...all.slice(1)])).toEqual([
      "remove db 1: scaled down",
      "keep db 1",
      "keep db 2",
      "keep web 1",
    ]);
  });

  test("everything, of nothing", () => {
    expect(plan([], {}, { networks: new Map(), volumes: new Map() })).toEqual([
      "network shop_default",
      "volume shop_data",
      "create db 1",
      "create db 2",
      "create web 1",
    ]);
  });

  test("nothing, when all is as it should be", () => {
    expect(plan(all)).toEqual(["keep db 1", "keep db 2", "keep web 1"]);
  });

  test("a changed service, and what must be restarted with it", () => {
    expect(plan([container("web", 1), container("db", 1, { configHash: "x" }), container("db", 2)])).toEqual([
      "recreate db 1: its configuration changed",
      "keep db 2",
      "recreate web 1: a service it depends on is recreated",
    ]);
  });

  test("a file that is written into it", () => {
    const filesHashes = new Map([["web", "x"]]);
    expect(plan(all, { filesHashes })).toContain("recreate web 1: a file that is written into it changed");
    // docker compose does not say what it wrote.
    const theirs = all.map((each) => ({ ...each, labels: { [label.version]: "2.26.1" } }));
    expect(plan(theirs, { filesHashes })).toContain("keep web 1");
  });

  test("a network that is described otherwise than when it was made", () => {
    const labels = (hash: string) => ({ "com.docker.compose.project": "shop", "com.docker.compose.config-hash": hash });
    const made = (hash: string): ObservedResources => ({
      networks: new Map([["shop_default", { Labels: labels(hash) } as never]]),
      volumes: new Map([["shop_data", labels(hash)]]),
    });
    const changed = planUp(shop, all, made("x"), options());
    expect(changed.changedNetworks.map(({ name }) => name)).toEqual(["shop_default"]);
    expect(changed.changedVolumes.map(({ name }) => name)).toEqual(["shop_data"]);
    expect(changed.containers.map(({ kind }) => kind)).toEqual(["recreate", "recreate", "recreate"]);
    const [network, volume] = [shop.networks.get("default"), shop.volumes.get("data")];
    if (network === undefined || volume === undefined) throw new Error("the project has both");
    const same = planUp(
      shop,
      all,
      { ...made(networkHash(network)), volumes: new Map([["shop_data", labels(volumeHash(volume))]]) },
      options(),
    );
    expect([...same.changedNetworks, ...same.changedVolumes]).toEqual([]);
  });

  test("another image, another network", () => {
    const imageIds = new Map([["web", "sha256:2"]]);
    expect(plan(all, { imageIds })).toContain("recreate web 1: its image changed");
    expect(plan([container("web", 1, { networks: ["bridge"] }), ...all.slice(1)])).toContain(
      "recreate web 1: its network is another one",
    );
  });

  test("scaling up fills the gaps, scaling down removes what is stopped first", () => {
    expect(plan(all, { scale: new Map([["db", 4]]) }).filter((line) => line.includes("db"))).toEqual([
      "keep db 1",
      "keep db 2",
      "create db 3",
      "create db 4",
    ]);
    const stopped = [container("web", 1), container("db", 1, { state: "exited" }), container("db", 2)];
    expect(plan(stopped, { scale: new Map([["db", 1]]) })).toEqual([
      "remove db 1: scaled down",
      "keep db 2",
      "keep web 1",
    ]);
  });

  test("by flag", () => {
    expect(plan(all, { recreate: "force" }).every((line) => line.includes("asked for"))).toBe(true);
    expect(plan([container("db", 1, { configHash: "x" })], { recreate: "never" })).toContain("keep db 1");
    expect(plan(all, { recreate: "force", named: new Set(["web"]) })).toEqual([
      "keep db 1",
      "keep db 2",
      "recreate web 1: asked for",
    ]);
  });

  test("orphans go when asked for", () => {
    const orphan = container("old", 1);
    expect(plan([...all, orphan])).not.toContain("remove old 1: orphan");
    expect(plan([...all, orphan], { removeOrphans: true })).toContain("remove old 1: orphan");
  });
});

/**
 * Projects as people write them, made by Docker Compose v2 of Debian's next suite and by `berth compose` on the same engine:
 * the same containers, networks and volumes; each tool takes down what the other made, and keeps it when nothing changed.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { composePrograms } from "../../tools/lab/apt-suite.ts";
import { mustRun } from "../../tools/lab/command.ts";
import { berthCommand } from "../../tools/lab/engines.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

const corpus = join(import.meta.dirname, "compose/corpus");

let engine: BusyboxEngine;
let theirs: readonly string[];
const ours = [...berthCommand(), "compose"];

beforeAll(async () => {
  const programs = await composePrograms();
  theirs = [join(programs, "usr/libexec/docker/cli-plugins/docker-compose")];
  engine = await BusyboxEngine.open({ bridge: "bcorpus0", bip: "172.31.238.1/24" });
  await engine.ok("network", "create", "corpus-outside");
  await engine.ok("volume", "create", "corpus-given");
  cpSync(corpus, join(engine.dir, "corpus"), { recursive: true });
}, 600_000);
afterAll(async () => {
  await engine.ok("network", "rm", "corpus-outside");
  await engine.ok("volume", "rm", "corpus-given");
  await engine.close();
});

function compose(tool: readonly string[], project: string, ...words: readonly string[]): Promise<string> {
  const env = { DOCKER_HOST: engine.host, BERTH_HOST: engine.host, HOME: engine.dir, PASSED: "passed" };
  return mustRun([...tool, ...words], { cwd: join(engine.dir, "corpus", project), env, timeoutMs: 120_000 });
}

type Json = Readonly<Record<string, unknown>>;

const inspected = async (...words: readonly string[]): Promise<readonly Json[]> =>
  JSON.parse(await engine.ok("inspect", ...words)) as readonly Json[];

/** Everything that exists for the project, without what no two tools could have in common: ids, times, addresses. */
async function made(): Promise<Json> {
  const lines = async (...words: readonly string[]): Promise<readonly string[]> =>
    (await engine.ok(...words)).split("\n").filter((line) => line !== "");
  const project = ["--filter", "label=com.docker.compose.project"];
  const ids = await lines("ps", "-aq", ...project);
  const containers = ids.length === 0 ? [] : await inspected(...ids);
  const names = new Map(containers.map(({ Id, Name }) => [Id as string, Name as string]));
  const networks = await lines("network", "ls", "-q", ...project);
  const volumes = await lines("volume", "ls", "-q", ...project);
  return {
    containers: containers
      .map((container) => comparable(container, names))
      .toSorted((a, b) => ((a["name"] as string) < (b["name"] as string) ? -1 : 1)),
    networks: networks.length === 0 ? [] : (await inspected(...networks)).map(comparableNetwork).toSorted(byName),
    volumes: volumes.length === 0 ? [] : (await inspected(...volumes)).map(comparableVolume).toSorted(byName),
  };
}

const byName = (a: Json, b: Json): number => ((a["Name"] as string) < (b["Name"] as string) ? -1 : 1);

/** The tool's version says nothing about the container. */
function labelsOf(labels: unknown): Json {
  return Object.fromEntries(
    Object.entries(labels as Record<string, string>)
      .filter(([key]) => key !== "com.docker.compose.version" && key !== "berth.compose.files-hash")
      .map(([key, value]) => [key, key.endsWith("depends_on") ? value.split(",").toSorted().join(",") : value]),
  );
}

function comparable(container: Json, names: ReadonlyMap<string, string>): Json {
  const config = container["Config"] as Json;
  const host = container["HostConfig"] as Json;
  const { Networks } = container["NetworkSettings"] as { Networks: Readonly<Record<string, Json>> };
  const named = (text: unknown): unknown =>
    typeof text === "string" ? [...names].reduce((all, [id, name]) => all.replaceAll(id, name), text) : text;
  const sorted = (list: unknown): unknown => (Array.isArray(list) ? list.map(String).toSorted() : (list ?? []));
  return {
    name: container["Name"],
    config: {
      ...config,
      Labels: sharesContainer(host) ? withoutHash(labelsOf(config["Labels"])) : labelsOf(config["Labels"]),
      Hostname: /^[0-9a-f]{12}$/u.test(String(config["Hostname"])) ? "" : config["Hostname"],
      Env: sorted(config["Env"]),
      ExposedPorts: sorted(
        Object.keys(config["ExposedPorts"] ?? {}).map((port) => (port.includes("/") ? port : `${port}/tcp`)),
      ),
      // Which streams the client would have attached to, and where the engine keeps its own copy.
      AttachStdout: null,
      AttachStderr: null,
      StdinOnce: null,
      Volumes: null,
      OnBuild: null,
      // docker compose 2.26 loses a service's address with engines of API 1.44 and newer.
      MacAddress: null,
    },
    host: {
      ...host,
      Annotations: withoutOwn(host["Annotations"]),
      Binds: null,
      Mounts: null,
      NetworkMode: named(host["NetworkMode"]),
      PidMode: named(host["PidMode"]),
      IpcMode: named(host["IpcMode"]),
      VolumesFrom: sorted(
        (host["VolumesFrom"] as unknown[] | null)?.map((from) => String(named(from)).replace("/", "")),
      ),
      Links: null,
      ExtraHosts: sorted(host["ExtraHosts"]),
      ConsoleSize: null,
      Ulimits: ((host["Ulimits"] ?? []) as Json[]).toSorted(byName),
    },
    mounts: (container["Mounts"] as Json[])
      .map(({ Type, Name, Source, Destination, RW, Propagation }) => ({
        Type,
        // An anonymous volume's name is random, and so is its folder's.
        Name: /^[0-9a-f]{64}$/u.test(String(Name)) ? "anonymous" : Name,
        Source: Type === "volume" ? "" : Source,
        Destination,
        RW,
        Propagation,
      }))
      .toSorted((a, b) => (String(a.Destination) < String(b.Destination) ? -1 : 1)),
    networks: Object.fromEntries(
      Object.entries(Networks)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { Aliases, IPAMConfig, Links, DriverOpts }]) => [
          name,
          // Nothing asked for is said by null or by an empty object.
          {
            Aliases: sorted(Aliases),
            IPAMConfig: IPAMConfig ?? {},
            Links: sorted(Links),
            DriverOpts: DriverOpts ?? {},
          },
        ]),
    ),
  };
}

const comparableNetwork = ({ Name, Driver, EnableIPv6, IPAM, Internal, Attachable, Options, Labels }: Json): Json => ({
  Name,
  Driver,
  EnableIPv6,
  // What the engine chose is another one each time.
  IPAM: Name === "addresses_fixed" ? IPAM : null,
  Internal,
  Attachable,
  Options,
  Labels: withoutHash(labelsOf(Labels)),
});

/** The order of restarts is kept by our engine alone. */
function withoutOwn(annotations: unknown): Json {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith("berth.")));
}

/** The other container's id, another one each time, is in its hash. */
const sharesContainer = ({ NetworkMode, PidMode, IpcMode, VolumesFrom }: Json): boolean =>
  JSON.stringify([NetworkMode, PidMode, IpcMode]).includes("container:") || Array.isArray(VolumesFrom);

/** Of networks and volumes only younger versions of docker compose write one. */
const withoutHash = ({ "com.docker.compose.config-hash": _hash, ...labels }: Json): Json => labels;

const comparableVolume = ({ Name, Driver, Options, Labels }: Json): Json => ({
  Name: /^[0-9a-f]{64}$/u.test(String(Name)) ? "anonymous" : Name,
  Driver,
  Options: Options ?? {},
  Labels: withoutHash(labelsOf(Labels ?? {})),
});

const nothing = { containers: [], networks: [], volumes: [] };

/** Ids of the containers that are there for projects. */
const ids = async (): Promise<readonly string[]> =>
  (await engine.ok("ps", "-aq", "--no-trunc", "--filter", "label=com.docker.compose.project"))
    .split("\n")
    .filter((line) => line !== "")
    .toSorted();

/** Made by one tool, the same to the other, which brings it up, and taken down by the first: what was made. */
async function handedOver(project: string, first: readonly string[], second: readonly string[]): Promise<Json> {
  const all = ["--profile", "*"];
  await compose(first, project, ...all, "create");
  const seen = await made();
  const before = await ids();
  await compose(second, project, ...all, ...(cannotRun.has(project) ? ["create"] : ["up", "-d"]));
  expect(await ids()).toEqual(before);
  await compose(first, project, ...all, "down", "-v", "-t", "0");
  expect(await made()).toEqual(nothing);
  return seen;
}

/** What the machine or the image would have to have for these to run is not everywhere; they are made only. */
const cannotRun: ReadonlySet<string> = new Set([
  "block-devices", // disks
  "block-io", // weights of block I/O
  "cms", // a database that busybox is not
  "monitoring", // a shared root
  "security", // a group that busybox has not
]);

for (const project of readdirSync(corpus).toSorted()) {
  test(project, async () => {
    try {
      const wanted = await handedOver(project, theirs, ours);
      expect(await handedOver(project, ours, theirs)).toEqual(wanted);
    } finally {
      await engine.removeAll();
      await engine.ok("network", "prune", "-f", "--filter", "label=com.docker.compose.project");
      await engine.ok("volume", "prune", "-af", "--filter", "label=com.docker.compose.project");
    }
  });
}

/** docker compose 2.26 prints another hash of services with `env_file` than it labels their containers with. */
const hashedWithoutFiles: ReadonlySet<string> = new Set(["env-files"]);

/** docker compose 2.26 writes block devices into JSON under names that no file may have: `Path`, `Rate`. */
const printedAsYamlOnly: ReadonlySet<string> = new Set(["block-devices"]);

describe("printed the same by config", () => {
  const forms = [[], ["--format", "json"], ["--no-normalize"]] as const;

  test.each(readdirSync(corpus).toSorted())("%s", async (project) => {
    const printed = (tool: readonly string[]): Promise<readonly unknown[]> =>
      Promise.all(
        forms
          .filter((words) => !printedAsYamlOnly.has(project) || words[1] !== "json")
          .map(async (words) => parse(await compose(tool, project, "--profile", "*", "config", ...words)) as unknown),
      );
    expect(await printed(ours)).toEqual(await printed(theirs));
    const hashes = (tool: readonly string[]): Promise<string> =>
      compose(tool, project, "--profile", "*", "config", "--hash", "*");
    if (!hashedWithoutFiles.has(project)) expect(await hashes(ours)).toBe(await hashes(theirs));
  });
});

/**
 * The commands about networks and volumes against one canned daemon: what ours prints, asks and answers with is, byte for
 * byte, what the real docker CLI does. What they send for each flag is in cli-wire.test.ts.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#cli/run-cli.ts";
import { startFakeEngine, type FakeEngine } from "./fake-engine.ts";
import { dockerCli } from "../../tools/lab/engines.ts";
import { RecordingIo } from "../../tools/lab/recording-io.ts";

const REAL_DOCKER = await dockerCli();
const folder = mkdtempSync(join(tmpdir(), "berth-objects-"));
const ID = "4f66ad9a0b2e0123456789abcdef0123456789abcdef0123456789abcdef0123";

const network = (Name: string, more = {}) => ({
  Name,
  Id: ID,
  Created: "2026-01-02T03:04:05.120456789Z",
  Scope: "local",
  Driver: "bridge",
  EnableIPv4: true,
  EnableIPv6: false,
  IPAM: {
    Driver: "default",
    Options: null,
    Config: [{ Subnet: "10.0.0.0/24", Gateway: "10.0.0.1", AuxiliaryAddresses: { host: "10.0.0.9" } }],
  },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigFrom: { Network: "" },
  ConfigOnly: false,
  Containers: {
    [ID]: { Name: "c", EndpointID: "e", MacAddress: "m", IPv4Address: "10.0.0.2/24", IPv6Address: "" },
  },
  Options: { "com.docker.network.bridge.name": "br" },
  Labels: { only: "one" },
  ...more,
});
const volume = (Name: string, more = {}) => ({
  CreatedAt: "2026-01-01T00:00:00Z",
  Driver: "local",
  Labels: { only: "one" },
  Mountpoint: `/volumes/${Name}/_data`,
  Name,
  Options: null,
  Scope: "local",
  ...more,
});
const cluster = (Info: unknown, PublishStatus: unknown) => ({
  ClusterVolume: {
    ID: "cid",
    Version: { Index: 7 },
    CreatedAt: "2026-01-01T00:00:00Z",
    UpdatedAt: "2026-01-01T00:00:00Z",
    Spec: { Group: "g", Availability: "active" },
    Info,
    PublishStatus,
  },
});
const NETWORKS = [
  network("n10"),
  network("n2", { EnableIPv4: false, Labels: {} }),
  network("Nb", { Driver: "host", Internal: true, EnableIPv6: true, Created: "2026-01-02T03:04:05+02:00" }),
  network("n", { Scope: "swarm", Created: "0001-01-01T00:00:00Z", Labels: null }),
];
const VOLUMES = [
  volume("v10", { UsageData: { RefCount: 2, Size: 1_234_567 } }),
  volume("v2", { Labels: null, UsageData: { RefCount: 0, Size: -1 } }),
  volume("Vb"),
  volume("pending", cluster(null, null)),
  volume("made", cluster({ VolumeID: "x" }, [])),
  volume("used", cluster({ VolumeID: "x" }, [{ NodeID: "a" }])),
  volume("twice", cluster({ VolumeID: "x" }, [{ NodeID: "a" }, { NodeID: "b" }])),
];

const NETWORK_TABLE =
  'table {{.ID}}\\t{{.Name}}\\t{{.Driver}}\\t{{.Scope}}\\t{{.IPv4}}\\t{{.IPv6}}\\t{{.Internal}}\\t{{.Labels}}\\t{{.Label "only"}}\\t{{.CreatedAt}}';
const VOLUME_TABLE =
  'table {{.Name}}\\t{{.Driver}}\\t{{.Scope}}\\t{{.Mountpoint}}\\t{{.Labels}}\\t{{.Label "only"}}\\t{{.Links}}\\t{{.Size}}\\t{{.Group}}\\t{{.Availability}}\\t{{.Status}}';

const RUNS: readonly (readonly string[])[] = [
  ["network", "ls"],
  ["network", "list", "--no-trunc"],
  ["network", "ls", "-q"],
  ["network", "ls", "-q", "--no-trunc"],
  ["network", "ls", "--format", "json"],
  ["network", "ls", "--format", "{{json .}}", "--no-trunc"],
  ["network", "ls", "--format", NETWORK_TABLE],
  ["network", "ls", "--format", "table", "-q"],
  ["network", "ls", "--format", "{{.Nope}}"],
  ["network", "ls", "x"],
  ["network", "ls", "-f", "x"],
  ["network", "create", "n"],
  ["network", "create"],
  ["network", "create", "refused"],
  ["network", "create", "--gateway", "10.2.0.1", "n"],
  ["network", "create", "--subnet", "10.1.0.0/16", "--gateway", "10.2.0.1", "n"],
  ["network", "create", "--subnet", "10.1.0.0/16", "--gateway", "x", "n"],
  ["network", "create", "--subnet", "10.1.0.0/16", "--gateway", "1/x", "n"],
  ["network", "create", "--subnet", "10.1.0.0/16", "--ip-range", "10.2.0.1/24", "n"],
  [
    ...["network", "create", "--subnet", "10.1.0.0/16,fd00::/64", "n"],
    ...["--ip-range", "10.1.2.0/24", "--ip-range", "10.1.3.0/24"],
  ],
  ["network", "create", "--subnet", "10.1.0.0/16,fd00::/64", "--gateway", "10.1.0.1,10.1.0.2", "n"],
  ["network", "create", "--subnet", "10.1.0.0/16", "--aux-address", "x=10.2.0.1", "n"],
  ["network", "create", "--subnet", "10.1.0.0/16", "--aux-address", "x", "n"],
  ["network", "create", "--subnet", "10.1.0.0/16", "--subnet", "10.1.1.0/24", "n"],
  ["network", "create", "--subnet", "10.1.0.0/16", "--subnet", "::ffff:10.1.0.0/112", "n"],
  ["network", "create", "--subnet", "x", "--subnet", "10.0.0.0/8", "n"],
  ["network", "create", "--subnet", "10.0.0.0/8", "--subnet", "10.0.0.0/33", "n"],
  ["network", "create", "--label", "=x", "n"],
  ["network", "create", "--ipv6=x", "n"],
  ["network", "inspect", "one"],
  ["network", "inspect", "one", "nothing", "one"],
  ["network", "inspect", "nothing"],
  ["network", "inspect", ""],
  ["network", "inspect"],
  ["network", "inspect", "-f", "json", "one"],
  ["network", "inspect", "-f", "{{json .}}", "one"],
  ["network", "inspect", "-f", "{{.}}", "one"],
  ["network", "inspect", "-f", "{{.ID}} {{.Created}} {{.IPAM.Config}} {{.ConfigFrom}} {{.Peers}}", "one"],
  ["network", "inspect", "-f", "{{range $id, $c := .Containers}}{{$c.Name}} {{$c.IPv4Address}}{{end}}", "one"],
  ["network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}} {{json .Created}}", "one"],
  ["network", "inspect", "-f", "{{.Foo}}", "one"],
  ["network", "inspect", "-f", "{{.Foo", "one"],
  ["network", "rm", "one", "nothing", "two", "refused"],
  ["network", "remove", "-f", "one", "nothing", "two", "refused"],
  ["network", "rm", "-f", "nothing"],
  ["network", "rm", ""],
  ["network", "rm"],
  ["network", "rm", "ingress", "one"],
  ["network", "connect", "one", "c"],
  ["network", "connect", "nothing", "c"],
  ["network", "connect", "one", " "],
  ["network", "connect", "", "c"],
  ["network", "connect", "one"],
  ["network", "connect", "--driver-opt", "a", "one", "c"],
  ["network", "connect", "--driver-opt", " =a", "one", "c"],
  ["network", "connect", "--gw-priority", "x", "one", "c"],
  ["network", "connect", "--link", "a:b:c", "one", "c"],
  ["network", "disconnect", "one", "c"],
  ["network", "disconnect", "nothing", "c"],
  ["network", "disconnect", "one", ""],
  ["network", "prune", "-f"],
  ["network", "prune"],
  ["network", "prune", "--filter", "x"],
  ["network", "nonsense-that-is-no-command-xyz"],
  ["volume", "ls"],
  ["volume", "list", "-q"],
  ["volume", "ls", "--format", "json"],
  ["volume", "ls", "--format", "{{json .}}"],
  ["volume", "ls", "--format", VOLUME_TABLE],
  ["volume", "ls", "--format", "{{.Nope}}"],
  ["volume", "ls", "--cluster"],
  ["volume", "ls", "--cluster", "-q"],
  ["volume", "ls", "--cluster", "--format", "{{.Name}}"],
  ["volume", "ls", "x"],
  ["volume", "create"],
  ["volume", "create", "one"],
  ["volume", "create", "--name", "one", "two"],
  ["volume", "create", "--label", "=x"],
  ["volume", "create", "--limit-bytes", "x", "n"],
  ["volume", "create", "refused"],
  ["volume", "inspect", "one"],
  ["volume", "inspect", "one", "nothing", "one"],
  ["volume", "inspect", ""],
  ["volume", "inspect", "-f", "json", "one"],
  ["volume", "inspect", "-f", "{{json .}}", "one"],
  ["volume", "inspect", "-f", "{{.}}", "one"],
  ["volume", "inspect", "-f", "{{.Name}} {{.Options}} {{.Labels}} {{.Status}}", "one", "nothing"],
  ["volume", "inspect", "-f", "{{.Foo}}", "one"],
  ["volume", "rm", "one", "nothing", "two", "refused"],
  ["volume", "remove", "-f", "one", "nothing"],
  ["volume", "rm", ""],
  ["volume", "rm"],
  ["volume", "prune", "-f"],
  ["volume", "prune", "-af"],
  ["volume", "prune"],
  ["volume", "prune", "-a"],
  ["volume", "prune", "-a", "-f", "--filter", "all=0"],
  ["volume", "update"],
  ["volume", "update", "one"],
  ["volume", "update", "nothing"],
  ["volume", "update", "--availability", "drain", "cluster"],
  ["volume", "nonsense-that-is-no-command-xyz"],
  ["inspect", "one"],
  ["inspect", "-s", "one"],
  ["inspect", "-f", "{{.Name}}", "one", "data"],
  ["inspect", "-s", "data"],
  ["inspect", "--type", "network", "one", "nothing"],
  ["inspect", "--type", "volume", "data"],
  ["inspect", "-s", "--type", "volume", "data"],
  ["inspect", "--type", "volume", "-f", "{{.Foo}}", "data"],
];

let engine: FakeEngine;

beforeAll(async () => {
  const notFound = { status: 404, json: { message: "no such thing: nothing" } };
  const refused = { status: 409, json: { message: "in use" } };
  engine = await startFakeEngine(join(folder, "engine.sock"), [
    [/\/nothing/, notFound],
    [/\/(?:networks|volumes)\/data/, ({ path }) => (path.startsWith("/volumes") ? { json: volume("data") } : notFound)],
    [/^DELETE .*\/refused/, refused],
    [
      /^POST \/(?:networks|volumes)\/create/,
      ({ body }) =>
        body.includes('"refused"') ? refused : { status: 201, json: { Id: ID, Name: "one", Warning: "w" } },
    ],
    [/^GET \/networks\/ingress/, { json: network("ingress", { Ingress: true }) }],
    [/^GET \/networks\/./, { json: network("one") }],
    [/^GET \/networks/, { json: NETWORKS }],
    [/^POST \/networks\/prune/, { json: { NetworksDeleted: ["one", "two"] } }],
    [/^GET \/volumes\/cluster/, { json: volume("cluster", cluster(null, null)) }],
    [/^PUT \/volumes\/cid/, { status: 200 }],
    [/^GET \/volumes\/./, { json: volume("one", { Options: { type: "tmpfs" }, Labels: { b: "1", a: "2" } }) }],
    [/^GET \/volumes/, { json: { Volumes: VOLUMES, Warnings: ["not shown"] } }],
    [/^POST \/volumes\/prune/, { json: { VolumesDeleted: ["data"], SpaceReclaimed: 1000 } }],
    [/^GET \/info/, { json: { Swarm: { LocalNodeState: "inactive" } } }],
    [/^DELETE/, { status: 204 }],
    [/^POST/, { status: 200 }],
    [/./, notFound],
  ]);
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const sent = (): readonly unknown[] =>
  engine.requests.splice(0).map(({ method, path, query, body }) => ({
    line: `${method} ${path}`,
    query,
    body: body === "" ? "" : JSON.parse(body),
  }));

const environment = (more: Record<string, string>): Record<string, string | undefined> => ({
  ...process.env,
  DOCKER_HOST: engine.host,
  DOCKER_CONFIG: join(folder, "none"),
  ...more,
});

async function compare(
  argv: readonly string[],
  {
    input = "",
    more = {},
    requests = true,
  }: { input?: string; more?: Record<string, string>; requests?: boolean } = {},
): Promise<void> {
  const env = environment(more);
  sent();
  const docker = Bun.spawn([REAL_DOCKER, ...argv], { env, stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([
    new Response(docker.stdout).text(),
    new Response(docker.stderr).text(),
    docker.exited,
  ]);
  const theirs = sent();
  const io = new RecordingIo(env, input);
  const ours = await runCli(argv, io, { version: "test" });
  expect({ code: ours, ...io.texts }).toEqual({ code, stdout, stderr });
  if (requests) expect(sent()).toEqual([...theirs]);
}

for (const argv of RUNS) test(argv.join(" "), () => compare(argv));

/** Told before the engine is asked, where docker asks first. */
for (const kind of ["network", "volume"]) {
  test(`${kind} ls with a broken template`, () => compare([kind, "ls", "--format", "{{.ID"], { requests: false }));
}

/** Docker asks for plugins too, which we do not have. */
test("inspect of nothing", () => compare(["inspect", "nothing", "one"], { requests: false }));

for (const input of ["y\n", "n\n"]) {
  for (const argv of [
    ["network", "prune"],
    ["volume", "prune"],
    ["network", "rm", "ingress", "one"],
  ]) {
    test(`${argv.join(" ")}, answered ${JSON.stringify(input)}`, () => compare(argv, { input }));
  }
}

for (const argv of [
  ["volume", "prune"],
  ["volume", "prune", "-af"],
  ["volume", "prune", "-f"],
  ["volume", "create", "--group", "g", "--sharing", "all", "v"],
  ["volume", "ls", "--cluster"],
  ["volume", "update", "one"],
  ["volume", "update", "--availability", "drain", "one"],
  ["network", "create", "n"],
]) {
  test(`an engine of API 1.41: ${argv.join(" ")}`, () => compare(argv, { more: { DOCKER_API_VERSION: "1.41" } }));
}

test("formats of config.json", async () => {
  const config = join(folder, "config");
  mkdirSync(config);
  writeFileSync(
    join(config, "config.json"),
    JSON.stringify({ networksFormat: "{{.Name}}!", volumesFormat: "table {{.Name}}\t{{.Links}}" }),
  );
  for (const argv of [
    ["network", "ls"],
    ["network", "ls", "-q"],
    ["volume", "ls"],
    ["volume", "ls", "-q"],
  ]) {
    await compare(argv, { more: { DOCKER_CONFIG: config } });
  }
});

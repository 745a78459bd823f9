import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#cli/run-cli.ts";
import { ProcessIo } from "#host/terminal/process-io.ts";
import { encodePathStat, goFileMode, pathStatHeader } from "#spec/docker/archive.ts";
import { TarReader, type TarEntry } from "#spec/tar/tar-reader.ts";
import { dockerCli } from "../../tools/lab/engines.ts";
import { startFakeEngine, type Answer, type FakeEngine } from "./fake-engine.ts";

/**
 * What our command line sends for an argument list is what the real docker CLI sends for it: both talk to the same canned
 * daemon and their requests are compared, bodies as JSON.
 */
const REAL_DOCKER = await dockerCli();
const folder = mkdtempSync(join(tmpdir(), "berth-wire-"));
const envFile = join(folder, "env");
const labelFile = join(folder, "labels");
const seccompFile = join(folder, "seccomp.json");
/** Where somebody is logged in. */
const loginFolder = join(folder, "login");

const create = (...flags: string[]): readonly string[] => ["create", ...flags, "busybox"];

const CASES: readonly (readonly string[])[] = [
  create(),
  ["create", "busybox", "sh", "-c", "echo -n hi"],
  ["create", "--", "busybox", "--flag"],
  create("--name", "n", "-h", "host", "--domainname", "d", "-u", "1000:1000", "-w", "/x", "--entrypoint", "/e"),
  create("--entrypoint="),
  create("-e", "A=b", "-e", "EMPTY=", "-e", "FROM_HERE", "-e", "NOT_SET_HERE"),
  create("--env-file", envFile, "--env", "LAST=1"),
  create("-l", "a=b", "-l", "bare", "--label-file", labelFile),
  create("--use-api-socket"),
  ["--config", loginFolder, ...create("--use-api-socket", "--mount", "type=bind,src=/a,dst=/b")],
  ["--config", loginFolder, ...create("--use-api-socket", "-e", "DOCKER_CONFIG=/mine")],
  create("-it"),
  create("-i"),
  create("-a", "stdout", "-a", "STDERR"),
  create("-a", "stdin"),
  create("-m", "64m", "--memory-swap=-1", "--memory-reservation", "32MiB", "--memory-swappiness", "10"),
  create("-m1.5g", "--shm-size", "128m"),
  create(
    "--cpus",
    "0.5",
    "-c",
    "512",
    "--cpuset-cpus",
    "0,1",
    "--cpuset-mems",
    "0",
    "--cpu-period",
    "100000",
    "--cpu-quota",
    "50000",
  ),
  create("--cpu-rt-period", "1000", "--cpu-rt-runtime", "500"),
  create("--pids-limit", "50", "--oom-kill-disable", "--oom-score-adj", "-500"),
  create("--blkio-weight", "300", "--blkio-weight-device", "/dev/sda:200"),
  create("--device-read-bps", "/dev/sda:1mb", "--device-write-bps", "/dev/sda:2mb"),
  create("--device-read-iops", "/dev/sda:100", "--device-write-iops", "/dev/sda:200"),
  create(
    "--device",
    "/dev/null",
    "--device",
    "/dev/zero:/dev/z:r",
    "--device",
    "/dev/full:rw",
    "--device",
    "/dev/x:/dev//y/",
  ),
  create("--device", "vendor.com/class=name", "--device-cgroup-rule", "c 1:3 rwm"),
  create("--gpus", "all"),
  create("--gpus", "2"),
  create("--gpus", '"device=0,1","capabilities=compute,utility"'),
  create("--gpus", "driver=nvidia,count=1,options=a=b"),
  create("--ulimit", "nofile=1024:2048", "--ulimit", "core=0", "--ulimit", "nofile=5"),
  create("--cap-add", "net_admin", "--cap-add", "ALL", "--cap-drop", "CAP_CHOWN"),
  create("--privileged", "--read-only", "--init", "--rm"),
  create("--init=false", "-P", "--publish-all=true"),
  create(
    "--security-opt",
    "no-new-privileges",
    "--security-opt",
    "label:disable",
    "--security-opt",
    "apparmor=unconfined",
  ),
  create("--security-opt", `seccomp=${seccompFile}`, "--security-opt", "systempaths=unconfined"),
  create("--security-opt", "seccomp=unconfined"),
  create("--network", "bridge"),
  create("--network", "host", "--ip", "10.0.0.9"),
  create("--network", "bridge", "--network", "host"),
  create("-p", "80", "-p", "8080:80", "-p", "127.0.0.1:8081:81/udp", "-p", "[::1]:8082:82"),
  create("-p", "8000-8002:9000-9002", "-p", "7000-7005:70", "-p", "0.0.0.0::53/udp", "-p", "127.0.0.1::54"),
  create(
    "-p",
    "published=8080,target=80,protocol=udp",
    "--expose",
    "90",
    "--expose",
    "91-93/udp",
    "--expose",
    "80/tcp",
  ),
  create("-v", "/host:/c", "-v", "/host2:/c2:ro,z", "-v", "named:/n", "-v", "/anonymous"),
  create("-v", "./rel:/c"),
  create("-v", ".:/c:ro"),
  create("-v", "named:/n:nocopy", "--volume-driver", "local", "--volumes-from", "other:ro"),
  create("--tmpfs", "/t", "--tmpfs", "/u:size=64m,mode=1777"),
  create("--mount", "type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave"),
  create("--mount", "type=bind,source=./rel,target=/b,bind-recursive=disabled", "--mount", "src=v,dst=/v"),
  create(
    "--mount",
    "type=volume,src=v,dst=/v,volume-nocopy,volume-driver=d,volume-opt=a=b,volume-opt=c=d,volume-label=x=y,volume-subpath=s",
  ),
  create(
    "--mount",
    "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=0700",
    "--mount",
    "type=image,src=i,dst=/i,image-subpath=p",
  ),
  create("--mount", 'type=bind,"src=/with,comma",dst=/b,ro=false,consistency=cached'),
  create("--mount", "type=bind,src=/a,dst=/b,ro,bind-recursive=readonly,bind-propagation=rprivate"),
  create("--mount", "type=bind,src=/a,dst=/b,ro,bind-recursive=writable", "--mount", "type=volume,dst=/anon"),
  create("--network", "host"),
  create("--net", "none"),
  create("--network", "container:abc"),
  create(
    "--network",
    "mine",
    "--network-alias",
    "a",
    "--net-alias",
    "b",
    "--ip",
    "10.0.0.5",
    "--ip6",
    "fd00::5",
    "--link-local-ip",
    "169.254.1.1",
  ),
  create("--network", "name=one,alias=x,alias=y,ip=10.0.0.6,driver-opt=k=v,gw-priority=5", "--network", "two"),
  create("--network", "mine", "--mac-address", "92:d0:c6:0a:29:33", "--link", "db:database"),
  create("--mac-address", "92:d0:c6:0a:29:33", "--link", "db"),
  create(
    "--dns",
    "1.1.1.1",
    "--dns",
    "2606:4700::1111",
    "--dns-search",
    "example.org",
    "--dns-option",
    "ndots:1",
    "--dns-opt",
    "debug",
  ),
  create("--add-host", "a:10.0.0.1", "--add-host", "b=[fd00::1]", "--add-host", "c:host-gateway"),
  create("--restart", "on-failure:3"),
  create("--restart", "unless-stopped", "--stop-signal", "SIGQUIT", "--stop-timeout", "7"),
  create(
    "--health-cmd",
    "true",
    "--health-interval",
    "1m30s",
    "--health-timeout",
    "1.5s",
    "--health-retries",
    "3",
    "--health-start-period",
    "10s",
    "--health-start-interval",
    "500ms",
  ),
  create("--no-healthcheck"),
  create("--health-interval", "5s"),
  create("--log-driver", "json-file", "--log-opt", "max-size=1m", "--log-opt", "bare", "--storage-opt", "size=1G"),
  create("--sysctl", "net.core.somaxconn=1024", "--annotation", "k=v", "--annotation", "bare"),
  create(
    "--pid",
    "host",
    "--uts",
    "host",
    "--ipc",
    "shareable",
    "--userns",
    "host",
    "--cgroupns",
    "private",
    "--cgroup-parent",
    "/p",
  ),
  create(
    "--pid",
    "container:abc",
    "--runtime",
    "runc",
    "--isolation",
    "default",
    "--group-add",
    "audio",
    "--group-add",
    "1001",
  ),
  create("--platform", "linux/amd64", "--pull", "never"),
  create("--platform", "linux/arm64/v8"),
  create("--pull=always"),
  ["create", "localhost:5000/a/b:t"],
  ["create", "busybox@sha256:0123456789012345678901234567890123456789012345678901234567890123"],
  ["run", "-d", "--rm", "busybox", "true"],
  ["run", "-d", "-it", "busybox"],
  ["run", "--rm", "busybox", "true"],
  ["run", "-a", "stdout", "-a", "stderr", "busybox"],
  ["exec", "c", "ls", "-l"],
  ["exec", "-d", "-e", "A=b", "-u", "1", "-w", "/w", "--privileged", "c", "x"],
  ["exec", "-i", "--env-file", envFile, "c", "cat"],
  ["ps", "-aq", "--no-trunc", "-f", "status=running", "-f", "label=a=b", "-f", "label=c"],
  ["ps", "-s", "-n", "3"],
  ["ps", "-l"],
  ["images", "-a", "-f", "dangling=true", "busy*"],
  ["pull", "-q", "busybox:1.36"],
  ["pull", "-q", "--platform", "linux/arm64", "localhost:5000/x"],
  ["pull", "-q", "-a", "busybox"],
  ["rmi", "-f", "--no-prune", "a:b"],
  ["tag", "a", "reg:5000/b:c"],
  ["history", "-q", "a"],
  ["stop", "-t", "3", "-s", "INT", "c"],
  ["restart", "c"],
  ["kill", "-s", "HUP", "c"],
  ["rm", "-fv", "c"],
  ["rename", "a", "b"],
  ["pause", "c"],
  ["unpause", "c"],
  ["wait", "c"],
  ["start", "c"],
  ["logs", "-t", "-n", "5", "--since", "2024-01-02T03:04:05Z", "--until", "1700000000.5", "--details", "c"],
  ["top", "c", "-o", "pid"],
  ["diff", "c"],
  ["export", "c"],
  ["export", "-o", "exported", "c"],
  ["commit", "c"],
  ["commit", "c", "name"],
  ["commit", "-m", "why", "-a", "me", "-c", "ENV A=b", "-c", "CMD x", "-p=false", "c", "host.example:5000/a/b:tag"],
  ["cp", "tree", "c:/missing"],
  ["cp", "tree/", "c:/missing/"],
  ["cp", "tree/.", "c:/missing"],
  ["cp", "tree", "c:/dir"],
  ["cp", "tree/.", "c:/dir/"],
  ["cp", "tree", "c:/link"],
  ["cp", "tree/file", "c:/missing"],
  ["cp", "tree/file", "c:/dir/"],
  ["cp", "tree/file", "c:/file"],
  ["cp", "tree/file", "c:relative"],
  ["cp", "-a", "tree/link", "c:/missing"],
  ["cp", "-L", "tree/link", "c:/dir"],
  ["cp", "--follow-link", "tree/link", "c:/missing"],
  ["cp", "/dev/null", "c:/missing"],
  ["cp", "tree", "c:/file"],
  ["cp", "tree/file", "c:/missing/"],
  ["cp", "tree/none", "c:/missing"],
  ["cp", "tree/file/", "c:/missing"],
  ["cp", "-", "c:/file"],
  ["cp", "-", "c:/dir"],
  ["cp", "c:/file", "-"],
  ["cp", "-L", "c:/link", "-"],
  ["cp", "-L", "c:/link/", "-"],
  ["network", "ls", "-f", "driver=bridge", "-f", "label=a=b", "-f", "label=c"],
  ["network", "create", "n"],
  [
    ...["network", "create", "-d", "macvlan", "-o", "a=b", "-o", "c", "-o", "a=x", "--label", "l=m", "--label", "bare"],
    ...["--attachable", "--internal", "--ingress", "--ipv6", "--ipv4=false", "--scope", "swarm", "--config-only", "n"],
  ],
  ["network", "create", "--config-from", "other", "--driver", "", "n"],
  [
    ...["network", "create", "--subnet", "10.1.0.0/16", "--subnet", "fd00::/64", "--ip-range", "10.1.2.0/24"],
    ...["--gateway", "10.1.0.1,fd00::1", "--aux-address", "a=10.1.0.5", "--aux-address", "b=fd00::6"],
    ...["--ipam-opt", "x=y", "--ipam-driver", "null", "n"],
  ],
  ["network", "create", "--subnet", "not checked", "n"],
  ["network", "inspect", "n"],
  ["network", "inspect", "-v", "a b"],
  ["network", "connect", "n", "c"],
  [
    ...["network", "connect", "--alias", "a,b", "--alias", "c", "--driver-opt", "a=b", "--driver-opt", " c = d=e "],
    ...["--gw-priority", "-5", "--ip", "10.0.0.5", "--ip6", "fd00::5", "--link", "x:y", "--link", "z"],
    ...["--link-local-ip", "169.254.0.1", "n", "c"],
  ],
  ["network", "disconnect", "n", "c"],
  ["network", "disconnect", "-f", "n", "c"],
  ["network", "rm", "a", "b"],
  ["network", "prune", "-f", "--filter", "until=24h"],
  ["volume", "ls", "-f", "dangling=true", "-f", "name=x"],
  ["volume", "create"],
  ["volume", "create", "--name", "v"],
  ["volume", "create", "-d", "other", "-o", "a=b", "-o", "c", "--label", "x=y", "--label", "z", "v"],
  ["volume", "create", "-d", "", "v"],
  ["volume", "create", "--group", "g", "v"],
  [
    ...["volume", "create", "--scope", "multi", "--sharing", "all", "--availability", "pause", "--type", "mount"],
    ...[
      "--limit-bytes",
      "10m",
      "--required-bytes",
      "5m",
      "--secret",
      "a=b",
      "--secret",
      "c",
      "--topology-required",
      "r=z,s=y",
    ],
    ...["--topology-required", "e", "--topology-preferred", "p=q", "v"],
  ],
  ["volume", "inspect", "v"],
  ["volume", "rm", "-f", "a", "b"],
  ["volume", "prune", "-f"],
  ["volume", "prune", "-a", "-f", "--filter", "label=x"],
  ["volume", "update", "--availability", "drain", "cluster"],
  ["volume", "update", "cluster"],
  ["inspect", "--type", "network", "n"],
  ["inspect", "--type", "volume", "n"],
  ["inspect", "-s", "c"],
  ["inspect", "--type", "image", "c"],
  ["image", "inspect", "a/b:c"],
  ["events", "-f", "type=container", "--since", "1700000000", "--until", "1700000001"],
  ["version"],
  ["info"],
];

const ID = "a".repeat(64);
let engine: FakeEngine;

beforeAll(async () => {
  mkdirSync(loginFolder);
  writeFileSync(join(loginFolder, "config.json"), '{"auths":{"reg.example.com":{"auth":"bWU6cHc="}}}');
  writeFileSync(envFile, "# comment\n\nFILE=1\n  INDENTED=x y\nFROM_HERE\nNOT_SET_HERE\n");
  writeFileSync(labelFile, "lf=1\nbare2\n");
  writeFileSync(seccompFile, '{\n  "defaultAction": "SCMP_ACT_ALLOW"\n}\n');
  mkdirSync(join(folder, "tree/sub"), { recursive: true });
  writeFileSync(join(folder, "tree/file"), "content\n");
  writeFileSync(join(folder, "tree/sub/b"), "");
  writeFileSync(join(folder, "tree/sub", "n".repeat(120)), "long\n");
  linkSync(join(folder, "tree/file"), join(folder, "tree/hard"));
  symlinkSync("file", join(folder, "tree/link"));
  engine = await startFakeEngine(join(folder, "engine.sock"), [
    [/^HEAD \/containers\/c\/archive/, ({ query }) => pathAnswer(query["path"] ?? "")],
    [/^GET \/containers\/c\/archive/, ({ query }) => pathAnswer(query["path"] ?? "")],
    [/^GET \/containers\/c\/changes/, { json: null }],
    [/^PUT \/containers\/c\/archive/, { status: 200 }],
    [/^POST \/commit/, { status: 201, json: { Id: "sha256:1" } }],
    [/^POST \/containers\/create/, { status: 201, json: { Id: ID, Warnings: [] } }],
    [/^POST \/containers\/[^/]+\/exec/, { status: 201, json: { Id: "e1" } }],
    [
      /^POST \/exec\/e1\/start/,
      ({ body }) => (body.includes('"Detach":true') ? { status: 200 } : { hijack: (stream) => stream.end() }),
    ],
    [/^GET \/exec\//, { json: { ID: "e1", Running: false, ExitCode: 0 } }],
    [/\/attach/, { hijack: (stream) => stream.end() }],
    [/\/wait/, { json: { StatusCode: 0 } }],
    [/^GET \/networks\/./, { json: { Name: "n" } }],
    [/^GET \/networks/, { json: [] }],
    [/^POST \/networks\/create/, { status: 201, json: { Id: ID, Warning: "" } }],
    [/^POST \/networks\/prune/, { json: { NetworksDeleted: null } }],
    [
      /^GET \/volumes\/cluster/,
      { json: { Name: "c", ClusterVolume: { ID: "cid", Version: { Index: 7 }, Spec: { Group: "g" } } } },
    ],
    [/^PUT \/volumes\/cid/, { status: 200 }],
    [/^GET \/volumes\/./, { json: { Name: "v" } }],
    [/^GET \/volumes/, { json: { Volumes: null } }],
    [/^POST \/volumes\/create/, { status: 201, json: { Name: "v" } }],
    [/^POST \/volumes\/prune/, { json: { VolumesDeleted: null, SpaceReclaimed: 0 } }],
    [/^GET \/containers\/json/, { json: [] }],
    [/^GET \/images\/json/, { json: [] }],
    [/^GET \/images\/.*\/history/, { json: [] }],
    [
      /^GET \/containers\/[^/]+\/json/,
      { json: { Id: ID, Config: { Tty: true }, State: { Running: true }, HostConfig: {} } },
    ],
    [/^GET \/images\/.*\/json/, { json: { Id: "i" } }],
    [/^GET \/containers\/[^/]+\/top/, { json: { Titles: ["PID"], Processes: [] } }],
    [/^GET \/version/, { json: { Components: [] } }],
    [/^GET \/info/, { json: { RegistryConfig: { IndexConfigs: {} }, Swarm: {}, Plugins: {}, MemTotal: 1 } }],
    [/^DELETE \/images/, { json: [] }],
    [/^DELETE/, { status: 204 }],
    [/^POST \/images\/create/, { text: "" }],
    [/^POST \/images\/.*\/tag/, { status: 201 }],
    [/^POST/, { status: 204 }],
    [/^GET/, { text: "" }],
  ]);
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What is at a path: the names say it. */
function pathAnswer(path: string): Answer {
  const name = path.replace(/\/$/, "").split("/").at(-1) ?? "";
  const modes: Readonly<Record<string, number>> = { dir: 0o040755, file: 0o100644, link: 0o120777 };
  const mode = modes[name];
  if (mode === undefined) return { status: 404, json: { message: `Could not find the file ${path} in container c` } };
  const linkTarget = name === "link" ? "/dir" : "";
  const stat = { name, size: 0, mode: goFileMode(mode), mtime: "2026-01-01T00:00:00Z", linkTarget };
  return { headers: { [pathStatHeader]: encodePathStat(stat) }, text: "" };
}

const environment = (): Record<string, string> => ({
  ...(process.env as Record<string, string>),
  FROM_HERE: "from here",
  DOCKER_HOST: engine.host,
  DOCKER_CONFIG: join(folder, "no-config"),
});

interface Sent {
  readonly line: string;
  readonly query: unknown;
  readonly body: unknown;
  readonly auth: unknown;
}

/** The requests since the last call, in an order that does not depend on who was quicker. */
function sent(): readonly Sent[] {
  return engine.requests
    .splice(0)
    .map(({ method, path, query, body, headers }) => ({
      line: `${method} ${path}`,
      query,
      body: normalised(body),
      auth: headers["x-registry-auth"],
    }))
    .toSorted((a, b) => (a.line < b.line ? -1 : 1));
}

/** docker walks maps in random order where it makes lists of them. */
function normalised(body: string): unknown {
  if (body === "") return "";
  if (body.slice(257, 262) === "ustar") return members(body);
  const value = JSON.parse(body) as {
    Env?: string[] | null;
    HostConfig?: { Binds?: string[] | null };
    IPAM?: { Config?: { Subnet?: string }[] };
    ClusterVolumeSpec?: { Secrets?: { Key: string }[] };
  } | null;
  value?.HostConfig?.Binds?.sort();
  value?.Env?.sort();
  value?.IPAM?.Config?.sort((a, b) => (String(a.Subnet) < String(b.Subnet) ? -1 : 1));
  value?.ClusterVolumeSpec?.Secrets?.sort((a, b) => (a.Key < b.Key ? -1 : 1));
  return value;
}

/** An archive by what its members are; docker keeps names of owners too, which the engine does not read. */
function members(body: string): readonly string[] {
  const found: string[] = [];
  const entry = ({ type, name, linkName, mode, uid, size }: TarEntry): void => {
    found.push(`${type} ${name} ${linkName} ${mode.toString(8)} ${uid} ${size}`);
  };
  const reader = new TarReader({ entry, data: () => {}, entryEnd: () => {} });
  reader.push(Buffer.from(body));
  reader.end();
  return found;
}

class QuietIo extends ProcessIo {
  override readonly env = environment();
  override readonly stdout = quiet(1);
  override readonly stderr = quiet(2);
}

function quiet(fd: number): ProcessIo["stdout"] {
  const output = new ProcessIo("docker").stdout;
  void fd;
  return Object.assign(output, { write: () => {} });
}

describe("requests are those of docker 28.2", () => {
  for (const argv of CASES) {
    test(argv.join(" ").replaceAll(folder, ""), async () => {
      const docker = Bun.spawn([REAL_DOCKER, ...argv], {
        env: environment(),
        cwd: folder,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const theirOutput = await new Response(docker.stderr).text();
      const theirCode = await docker.exited;
      const theirs = sent();
      const before = process.cwd();
      process.chdir(folder);
      let ourCode: number;
      try {
        ourCode = await runCli(argv, new QuietIo("docker"), { version: "test" });
      } finally {
        process.chdir(before);
      }
      const ours = sent();
      expect({ code: theirCode, output: theirOutput }).toMatchObject({ code: ourCode });
      expect(theirs.length).toBeGreaterThan(0);
      expect(comparable(ours, argv)).toEqual(comparable(theirs, argv));
    });
  }
});

/** `exec` does not ask whether the container is there before it creates: the creation tells. */
function comparable(requests: readonly Sent[], argv: readonly string[]): readonly Sent[] {
  if (argv[0] !== "exec") return requests;
  return requests.filter(({ line }) => !line.endsWith("/containers/c/json"));
}

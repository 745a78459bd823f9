import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#cli/run-cli.ts";
import { dockerCli } from "../../tools/lab/engines.ts";
import { RecordingIo } from "../../tools/lab/recording-io.ts";
import { startFakeEngine, type FakeEngine } from "./fake-engine.ts";

/** What our command line prints is, byte for byte, what the real docker CLI prints for the same answers of the engine. */
const REAL_DOCKER = await dockerCli();
const folder = mkdtempSync(join(tmpdir(), "berth-output-"));
const ID = "4f66ad9a0b2e0123456789abcdef0123456789abcdef0123456789abcdef0123";
const now = Math.trunc(Date.now() / 1000);

const CONTAINERS = [
  {
    Id: ID,
    Names: ["/web", "/other/alias"],
    Image: "nginx:latest",
    ImageID: `sha256:${ID}`,
    Command: "/docker-entrypoint.sh nginx -g 'daemon off;'",
    Created: now - 7300,
    Ports: [
      { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
      { IP: "::", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
      { PrivatePort: 443, Type: "tcp" },
      { PrivatePort: 444, Type: "tcp" },
      { IP: "0.0.0.0", PrivatePort: 90, PublicPort: 90, Type: "udp" },
      { IP: "0.0.0.0", PrivatePort: 91, PublicPort: 91, Type: "udp" },
    ],
    Labels: { "com.example.some": "thing", z: "1" },
    State: "running",
    Status: "Up 2 hours",
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Networks: { bridge: {} } },
    Mounts: [
      {
        Type: "volume",
        Name: "averylongvolumename12345",
        Source: "",
        Destination: "/d",
        Driver: "local",
        Mode: "z",
        RW: true,
        Propagation: "",
      },
      { Type: "bind", Source: "/host/path", Destination: "/h", Mode: "", RW: true, Propagation: "rprivate" },
    ],
    SizeRw: 12345,
    SizeRootFs: 187654321,
  },
  {
    Id: ID.replace("4", "5"),
    Names: ["/b"],
    Image: `sha256:${ID}`,
    ImageID: `sha256:${ID}`,
    Command: "sh",
    Created: now - 630,
    Ports: [],
    Labels: {},
    State: "exited",
    Status: "Exited (0) 3 seconds ago",
    HostConfig: { NetworkMode: "none" },
    NetworkSettings: { Networks: { none: {} } },
    Mounts: [],
  },
];

const IMAGES = [
  {
    Id: `sha256:${ID}`,
    ParentId: "",
    RepoTags: ["busybox:1.36", "busybox:latest"],
    RepoDigests: [`busybox@sha256:${ID}`],
    Created: now - 86400 * 40,
    Size: 4261550,
    SharedSize: -1,
    Labels: null,
    Containers: -1,
  },
  {
    Id: `sha256:${ID.replace("4", "6")}`,
    ParentId: "",
    RepoTags: [],
    RepoDigests: [],
    Created: now - 3700,
    Size: 123456789,
    SharedSize: -1,
    Labels: null,
    Containers: -1,
  },
  {
    Id: `sha256:${ID.replace("4", "7")}`,
    ParentId: "",
    RepoTags: [],
    RepoDigests: [`only@sha256:${ID}`],
    Created: now - 86400 * 800,
    Size: 0,
    SharedSize: -1,
    Labels: null,
    Containers: 2,
  },
];

const HISTORY = [
  {
    Id: `sha256:${ID}`,
    Created: now - 90000,
    CreatedBy: 'CMD ["sh"]\twith a rather long command line that is cut somewhere',
    Tags: ["busybox:latest"],
    Size: 0,
    Comment: "buildkit.dockerfile.v0",
  },
  { Id: "<missing>", Created: now - 90061, CreatedBy: "ADD file", Tags: null, Size: 4261550, Comment: "" },
];

const INSPECT = {
  Id: ID,
  Created: "2024-01-01T00:00:00.5Z",
  Path: "sh",
  Args: ["-c", "x"],
  State: {
    Status: "running",
    Running: true,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: 1234,
    ExitCode: 0,
    Error: "",
    StartedAt: "2024-01-01T00:00:00Z",
    FinishedAt: "0001-01-01T00:00:00Z",
  },
  Image: `sha256:${ID}`,
  ResolvConfPath: "",
  HostnamePath: "",
  HostsPath: "",
  LogPath: "",
  Name: "/n",
  RestartCount: 0,
  Driver: "overlay2",
  Platform: "linux",
  MountLabel: "",
  ProcessLabel: "",
  AppArmorProfile: "",
  ExecIDs: null,
  HostConfig: {
    Binds: ["/a:/b"],
    Memory: 67108864,
    NanoCpus: 500000000,
    CapAdd: null,
    PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] },
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
    Ulimits: [{ Name: "nofile", Hard: 2, Soft: 1 }],
  },
  GraphDriver: { Data: { LowerDir: "/l", UpperDir: "/u" }, Name: "overlay2" },
  Mounts: [{ Type: "bind", Source: "/a", Destination: "/b", Mode: "", RW: true, Propagation: "rprivate" }],
  Config: {
    Hostname: "h",
    Env: ["A=b", "C=<d>&"],
    Cmd: ["sh"],
    Labels: { z: "1", "a.b": "two" },
    Tty: false,
    ExposedPorts: { "80/tcp": {} },
    Healthcheck: { Test: ["CMD", "x"], Interval: 5 },
  },
  NetworkSettings: {
    Ports: {
      "80/tcp": [
        { HostIp: "0.0.0.0", HostPort: "8080" },
        { HostIp: "::", HostPort: "8080" },
      ],
      "443/tcp": null,
      "53/udp": [{ HostIp: "127.0.0.1", HostPort: "5353" }],
    },
    IPAddress: "172.17.0.2",
    Networks: { bridge: { IPAddress: "172.17.0.2", Aliases: null, GwPriority: 0 } },
  },
};

const IMAGE_INSPECT = {
  Id: `sha256:${ID}`,
  RepoTags: ["a:b"],
  RepoDigests: [],
  Parent: "",
  Comment: "",
  Created: "2024-01-01T00:00:00Z",
  DockerVersion: "",
  Author: "",
  Config: { Env: ["P=1"], Cmd: ["sh"], Labels: null },
  Architecture: "amd64",
  Os: "linux",
  Size: 5,
  GraphDriver: { Data: null, Name: "overlay2" },
  RootFS: { Type: "layers", Layers: ["sha256:1"] },
  Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
};

const EVENTS = [
  {
    status: "start",
    id: "abc",
    from: "busybox",
    Type: "container",
    Action: "start",
    Actor: { ID: "abc", Attributes: { name: "n", image: "busybox" } },
    scope: "local",
    time: 1700000000,
    timeNano: 1700000000123456000,
  },
  {
    Type: "image",
    Action: "pull",
    Actor: { ID: "busybox", Attributes: {} },
    scope: "local",
    time: 1700000001,
    timeNano: 1700000001000000000,
  },
];

const PULL = [
  { status: "Pulling from library/busybox", id: "1.36" },
  { status: "Pulling fs layer", progressDetail: {}, id: "aaaaaaaaaaaa" },
  {
    status: "Downloading",
    progressDetail: { current: 100, total: 1000 },
    progress: "[=====>      ]",
    id: "aaaaaaaaaaaa",
  },
  { status: "Verifying Checksum", progressDetail: {}, id: "aaaaaaaaaaaa" },
  { status: "Download complete", progressDetail: {}, id: "aaaaaaaaaaaa" },
  {
    status: "Extracting",
    progressDetail: { current: 1000, total: 1000 },
    progress: "[=====>      ]",
    id: "aaaaaaaaaaaa",
  },
  { status: "Pull complete", progressDetail: {}, id: "aaaaaaaaaaaa" },
  { status: `Digest: sha256:${ID}` },
  { status: "Status: Downloaded newer image for busybox:1.36" },
];

const inspect = (template: string): readonly string[] => ["container", "inspect", "-f", template, "c"];

const SEARCH = [
  { star_count: 1, is_official: false, name: "me/busybox", is_automated: false, description: "mine" },
  {
    star_count: 3400,
    is_official: true,
    name: "busybox",
    is_automated: false,
    description: "Busybox base image, with a description that is longer\nthan forty-five letters.",
  },
];

const CASES: readonly (readonly string[])[] = [
  ["ps"],
  ["ps", "-a", "--no-trunc"],
  ["ps", "-q"],
  ["ps", "-s"],
  ["ps", "--format", "json"],
  ["ps", "--format", "{{json .}}", "--no-trunc"],
  ["ps", "--format", "table"],
  ["ps", "--format", "table {{.Names}}\\t{{.Mounts}}\t{{.Networks}}\t{{.LocalVolumes}}\t{{.State}}"],
  [
    "ps",
    "--format",
    'table {{.ID}}\t{{.Label "com.example.some"}}\t{{upper .Image}}\t{{.CreatedAt}}\t{{.Labels}}\t{{.Size}}',
  ],
  ["ps", "--format", "{{.ID}}: {{.Command}}"],
  ["ps", "--format", '{{range $i, $l := split .Labels ","}}{{$i}}={{$l}} {{end}}'],
  ["ps", "--format", "{{.Nope}}"],
  ["ps", "--format", "{{.ID"],
  ["images"],
  ["images", "--digests"],
  ["search", "busy"],
  ["search", "--no-trunc", "--limit", "3", "-f", "stars=3", "localhost:5000/busy"],
  ["search", "--format", "{{.Name}} {{.IsOfficial}} {{.StarCount}}", "busy"],
  ["search", "--format", "json", "busy"],
  ["push", "localhost:5000/a"],
  ["push", "-q", "localhost:5000/a:b"],
  ["push", "-a", "localhost:5000/a"],
  ["save", "nope"],
  ["load", "-i", "/etc/hostname"],
  ["import", "/etc/hostname", "a:b"],
  ["images", "-q"],
  ["images", "--no-trunc"],
  ["images", "--format", "json"],
  ["images", "--format", "table {{.Repository}}\t{{.Containers}}\t{{.CreatedAt}}\t{{.SharedSize}}\t{{.UniqueSize}}"],
  ["images", "--format", "{{.Repository}}:{{.Tag}}@{{.Digest}}"],
  ["history", "a"],
  ["history", "a", "--no-trunc"],
  ["history", "a", "-q"],
  ["history", "a", "-H=false"],
  ["history", "a", "--format", "json"],
  ["top", "c"],
  ["port", "c"],
  ["port", "c", "80"],
  ["port", "c", "53/udp"],
  ["port", "c", "81"],
  ["inspect", "c"],
  ["inspect", "-f", "json", "c"],
  ["container", "inspect", "nothing"],
  ["container", "inspect", "-f", "{{.Name}}", "c", "nothing", "c"],
  ["image", "inspect", "-f", "{{.Name}}", "nothing"],
  ["image", "inspect", "i"],
  [
    "image",
    "inspect",
    "-f",
    "{{.Os}}/{{.Architecture}} {{.Config.Env}} {{.RepoTags}} {{.RepoDigests}} {{.RootFS}} {{.Config.Labels}}",
    "i",
  ],
  ["image", "inspect", "-f", "{{json .Config}}", "i"],
  inspect("{{json .}}"),
  inspect("{{json .State}} {{json .Mounts}} {{json .NetworkSettings.Ports}}"),
  inspect("{{.State}}"),
  inspect("{{.Mounts}} {{.ExecIDs}} {{.HostConfig.CapAdd}} {{.Config.Entrypoint}}"),
  inspect("{{.NetworkSettings.Ports}}"),
  inspect(
    "{{.HostConfig.RestartPolicy}} {{.HostConfig.LogConfig}} {{.HostConfig.PortBindings}} {{.Config.Healthcheck}} {{.Config.ExposedPorts}}",
  ),
  inspect("{{.ID}} {{.HostConfig.NanoCPUs}} {{.HostConfig.Memory}} {{.HostConfig.DNS}}"),
  inspect("{{.HostConfig.NanoCpus}} {{.Id}}"),
  inspect("{{.Config.Labels.foo}} {{.Config.Labels.z}}"),
  inspect('{{index .Config.Labels "a.b"}}|{{index .Config.Labels "missing"}}|'),
  inspect('{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}'),
  inspect(
    "{{range $p, $c := .NetworkSettings.Ports}}{{$p}} -> {{if $c}}{{(index $c 0).HostPort}}{{else}}none{{end}};{{end}}",
  ),
  inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}} {{with .Config.Hostname}}<{{.}}>{{end}}"),
  inspect("{{if .State.Paused}}a{{else if eq .State.Pid 1234}}b{{else}}c{{end}}"),
  inspect('{{printf "%s-%d-%05d-%x-%q-%v-%t" .Name .State.Pid .State.Pid .State.Pid .Path .Args .State.Running}}'),
  inspect(
    '{{printf "%d" .Name}} {{printf "%s" .State.Pid}} {{printf "%s %s" .Name}} {{printf "%s" .Name .Path}} {{printf "%6.2f|%-8s|%8s|%.2s|%+d|%%" 1.5 "a" "b" "abc" 5}}',
  ),
  inspect('{{print .Name .Path 1 2 "x" 3}} {{println .Name}}{{len .Args}} {{slice .Path 0 1}} {{slice .Args 1}}'),
  inspect(
    '{{join .Args ","}} {{split "a/b/c" "/"}} {{title "hello wORLD"}} {{pad .Path 2 3}}| {{truncate .Image 9}} {{upper "x"}}{{lower "Y"}}',
  ),
  inspect('{{html "<a href=\'x\'>"}} {{js "it\'s <b>"}} {{urlquery "a b&c/~*"}}'),
  inspect("{{- .Name -}}   x {{/* note */}}a{{- /* c */ -}} b"),
  inspect('{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}} {{and .Name .Path}} {{or "" .Path}} {{not .Name}}'),
  inspect('{{eq .Path "a" "sh"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 1}}'),
  inspect('{{define "t"}}[{{.}}]{{end}}{{template "t" .Name}}{{block "b" .Path}}({{.}}){{end}}'),
  inspect(
    '{{range .Args}}{{if eq . "-c"}}{{continue}}{{end}}{{.}}{{break}}{{end}}{{range 3}}{{.}}{{end}}{{range .ExecIDs}}x{{else}}none{{end}}',
  ),
  inspect("{{`raw`}} {{1}} {{1.5}} {{true}} {{'a'}} {{\"\\u00e9\\t\"}} {{.Name | }}"),
  inspect("{{.Foo}}"),
  inspect("{{.State.Foo}}"),
  inspect("{{eq .Path 1}}"),
  inspect("{{lt .Path 1}}"),
  inspect("{{nil}}"),
  inspect("{{foo}}"),
  inspect("{{.Name"),
  inspect("{{end}}"),
  inspect("{{if}}x{{end}}"),
  inspect("{{if .Name}}x"),
  inspect("{{range .Name}}x{{end}}"),
  inspect("{{index .Args 5}}"),
  inspect('{{index .Name "x"}}'),
  inspect("{{.Name.Foo}}"),
  inspect('{{template "nope"}}'),
  inspect("{{len 3}}"),
  inspect("{{else}}"),
  inspect('{{"abc" 1}}'),
  inspect("{{$y}}"),
  inspect("{{.Name}}\n{{.Path}}"),
  ["events", "--until", "1"],
  ["events", "--until", "1", "--format", "json"],
  [
    "events",
    "--until",
    "1",
    "--format",
    "{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes}} {{.ID}} {{.Status}} {{.Time}}",
  ],
  ["events", "--until", "1", "--format", "{{.Nope}}"],
  ["pull", "busybox:1.36"],
  ["pull", "busybox"],
  ["pull", "-q", "reg:5000/a/b"],
  ["pull", "failing"],
  ["wait", "c"],
  ["rmi", "a"],
  ["stop", "c", "c"],
];

/** Mistakes: what is said about them and the exit code. */
const MISTAKES: readonly (readonly string[])[] = [
  ["nonsense-that-is-no-command-xyz"],
  ["container", "nonsense-that-is-no-command-xyz"],
  ["--nonsense"],
  ["ps", "x"],
  ["run"],
  ["run", "--nope"],
  ["run", "-m"],
  ["run", "-m", "x", "a"],
  ["run", "-m", "5y", "a"],
  ["run", "-P=x", "a"],
  ["ps", "-aqz"],
  ["ps", "-n", "x"],
  ["ps", "-f", "x"],
  ["rename", "a"],
  ["history"],
  ["port"],
  ["run", "--dns", "x", "a"],
  ["run", "--dns-search", "-", "a"],
  ["run", "-e", "=x", "a"],
  ["run", "-l", "=x", "a"],
  ["run", "--link", "a:b:c", "a"],
  ["run", "--sysctl", "a=b", "a"],
  ["run", "--cpus", "x", "a"],
  ["run", "--cpus", "0.0000000001", "a"],
  ["run", "--network", "alias=b", "a"],
  ["run", "--network", "name=a,foo=b", "a"],
  ["run", "--network", "name=a,mac-address=b", "a"],
  ["run", "--network", "name=a,gw-priority=b", "a"],
  ["run", "--network", "name=a,driver-opt=b", "a"],
  ["run", "--network", "", "a"],
  ["run", "--network", "host", "--network", "mine", "a"],
  ["run", "--network", "bridge", "--network-alias", "x", "a"],
  ["run", "--network", "name=a,ip=1.2.3.4", "--ip", "1.2.3.5", "a"],
  ["run", "--mount", "foo", "a"],
  ["run", "--mount", "", "a"],
  ["run", "--mount", 'type=bind,"a', "a"],
  ["run", "--mount", 'type=bind,a"', "a"],
  ["run", "--mount", "type=bind,src=/a", "a"],
  ["run", "--mount", "type=,dst=/a", "a"],
  ["run", "--mount", "type=bind,dst=/a,foo=b", "a"],
  ["run", "--mount", "type=bind,dst=/a,ro=x", "a"],
  ["run", "--mount", "type=bind,dst=/a,volume-nocopy", "a"],
  ["run", "--mount", "type=volume,dst=/a,bind-propagation=x", "a"],
  ["run", "--mount", "type=bind,dst=/a,bind-recursive=x", "a"],
  ["run", "--mount", "type=bind,dst=/a,bind-recursive=writable", "a"],
  ["run", "--mount", "type=bind,dst=/a,ro,bind-recursive=readonly", "a"],
  ["run", "--mount", "type=tmpfs,dst=/a,tmpfs-size=x", "a"],
  ["run", "--mount", "type=tmpfs,dst=/a,tmpfs-mode=9", "a"],
  ["run", "--add-host", "x", "a"],
  ["run", "--add-host", "x:y", "a"],
  ["run", "--mac-address", "xx", "a"],
  ["run", "--health-interval", "5", "a"],
  ["run", "--health-interval", "5y", "a"],
  ["run", "--health-timeout", "-1s", "a"],
  ["run", "--no-healthcheck", "--health-cmd", "x", "a"],
  ["run", "--pids-limit", "99999999999999999999", "a"],
  ["run", "-a", "x", "a"],
  ["run", "--gpus", "a,a", "b"],
  ["run", "--gpus", 'a="b', "b"],
  ["run", "--gpus", "count=1,count=2", "b"],
  ["run", "--gpus", "foo=1", "b"],
  ["run", "--device-cgroup-rule", "x", "b"],
  ["run", "--device", "x", "a"],
  ["run", "--device", "/dev/a:/dev/b:q", "a"],
  ["run", "--device-read-bps", "/dev/a:x", "a"],
  ["run", "--device-read-bps", "a:1", "a"],
  ["run", "--device-write-iops", "/dev/a:x", "a"],
  ["run", "--blkio-weight-device", "/dev/a:5", "a"],
  ["run", "--blkio-weight", "70000", "a"],
  ["run", "--ulimit", "x", "a"],
  ["run", "--ulimit", "foo=1", "a"],
  ["run", "--ulimit", "nofile=x", "a"],
  ["run", "--ulimit", "nofile=2:1", "a"],
  ["run", "--ulimit", "nofile=1:2:3", "a"],
  ["run", "--ulimit", "nofile=-1:5", "a"],
  ["run", "-p", "x", "a"],
  ["run", "-p", "", "a"],
  ["run", "-p", "80:90:100:110", "a"],
  ["run", "-p", "99999", "a"],
  ["run", "-p", "80-90:91-95", "a"],
  ["run", "-p", "90-80", "a"],
  ["run", "-p", "80/foo", "a"],
  ["run", "-p", "x:80:80", "a"],
  ["run", "-p", "target=80,foo", "a"],
  ["run", "--expose", "x", "a"],
  ["run", "--expose", "80:90", "a"],
  ["run", "-v", "a:b:c:d", "a"],
  ["run", "-v", ":x", "a"],
  ["run", "-v", "", "a"],
  ["run", "--env-file", "/nope", "a"],
  ["run", "--security-opt", "foo", "a"],
  ["run", "--security-opt", "seccomp=/nope", "a"],
  ["run", "--pid", "x", "a"],
  ["run", "--uts", "x", "a"],
  ["run", "--userns", "x", "a"],
  ["run", "--cgroupns", "x", "a"],
  ["run", "--restart", "x:y", "a"],
  ["run", "--restart", ":1", "a"],
  ["run", "--rm", "--restart", "always", "a"],
  ["run", "--pull", "x", "a"],
  ["run", "--log-driver", "none", "--log-opt", "a=b", "a"],
  ["run", "--memory-swappiness", "200", "a"],
  ["run", "--storage-opt", "x", "a"],
  ["run", "--platform", "a/b/c/d", "a"],
  ["run", "--cpu-count", "1", "a"],
  ["run", "-d", "-a", "stdin", "a"],
  ["run", "-it", "a"],
  ["run", "A"],
  ["create", "-p", "x", "a"],
  ["pull", "A"],
  ["pull", "-a", "a:b"],
  ["tag", "a", "B"],
  ["inspect", "--type", "foo", "x"],
  ["logs", "--since", "foo", "c"],
  ["start", "-a", "x", "y"],
  ["-H", "foo://x", "ps"],
  ["-H", "unix:///nope", "ps"],
  ["-H", "unix:///nope", "run", "a"],
  ["-H", "a", "-H", "b", "ps"],
  ["login", "-u", "a", "--password-stdin", "-p", "x"],
  ["login", "--password-stdin"],
];

let engine: FakeEngine;

beforeAll(async () => {
  const notFound = { status: 404, json: { message: "No such object" } };
  engine = await startFakeEngine(join(folder, "engine.sock"), [
    [/\/nothing/, notFound],
    [/^GET \/containers\/json/, { json: CONTAINERS }],
    [/^GET \/images\/json/, { json: IMAGES }],
    [/^GET \/images\/search/, { json: SEARCH }],
    [
      /^POST \/images\/.*\/push/,
      {
        text:
          '{"status":"The push refers to repository [localhost:5000/a]"}\r\n{"status":"Preparing","progressDetail":{},"id":"0123456789ab"}\r\n' +
          '{"status":"Pushing","progressDetail":{"current":1,"total":2},"progress":"[=>] 1B/2B","id":"0123456789ab"}\r\n{"status":"Pushed","progressDetail":{},"id":"0123456789ab"}\r\n' +
          '{"status":"latest: digest: sha256:00 size: 1"}\r\n{"progressDetail":{},"aux":{"Tag":"latest","Digest":"sha256:00","Size":1}}\r\n',
        headers: { "content-type": "application/json" },
      },
    ],
    [/^GET \/images\/get/, { status: 404, json: { message: "No such image: nope" } }],
    [
      /^POST \/images\/load/,
      { text: '{"stream":"Loaded image: a:b\\n"}\r\n', headers: { "content-type": "application/json" } },
    ],
    [/^GET \/images\/.*\/history/, { json: HISTORY }],
    [/^GET \/containers\/.*\/json/, { json: INSPECT }],
    [/^GET \/images\/.*\/json/, { json: IMAGE_INSPECT }],
    [
      /^GET \/containers\/.*\/top/,
      {
        json: {
          Titles: ["UID", "PID", "CMD"],
          Processes: [
            ["root", "1", "sh -c x"],
            ["a-rather-long-user", "22", "sleep"],
          ],
        },
      },
    ],
    [
      /^GET \/events/,
      { text: EVENTS.map((event) => JSON.stringify(event).replace("123456000", "123456789")).join("\n") },
    ],
    [
      /^POST \/images\/create/,
      ({ query }) => ({
        text: (query["fromImage"]?.endsWith("failing") === true
          ? [PULL[0], { errorDetail: { message: "manifest unknown" }, error: "manifest unknown" }]
          : PULL
        )
          .map((line) => `${JSON.stringify(line)}\r\n`)
          .join(""),
      }),
    ],
    [/\/wait/, { json: { StatusCode: 137 } }],
    [/^DELETE \/images/, { json: [{ Untagged: "a:latest" }, { Deleted: `sha256:${ID}` }] }],
    [/^POST/, { status: 204 }],
    [/./, notFound],
  ]);
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("output is that of docker 28.2", () => {
  for (const argv of [...CASES, ...MISTAKES]) {
    test(argv.join(" "), async () => {
      const env = { ...process.env, DOCKER_HOST: engine.host, DOCKER_CONFIG: join(folder, "none") };
      const docker = Bun.spawn([REAL_DOCKER, ...argv], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      const [stdout, stderr, code] = await Promise.all([
        new Response(docker.stdout).text(),
        new Response(docker.stderr).text(),
        docker.exited,
      ]);
      const io = new RecordingIo(env);
      const ours = await runCli(argv, io, { version: "test" });
      expect({ code: ours, ...io.texts }).toEqual({ code, stdout, stderr });
    });
  }
});

import { gzipSync, zstdCompressSync } from "node:zlib";
import { inspected, runIn, type BuildCase } from "./build-case.ts";

const from = (...lines: readonly string[]): string => ["FROM busybox", ...lines, ""].join("\n");
const json = (value: unknown): string => encodeURIComponent(JSON.stringify(value));
/** What a command prints of its own limits stands alone on its line. */
const shown = (path: string): string => from(`RUN echo "shown $(cat ${path})"`);
const onlyShown = /^shown|rror|message/;
const containers = async (target: Parameters<NonNullable<BuildCase["after"]>>[0]): Promise<string> => {
  const { text } = await target.api("GET", "/containers/json?all=1");
  const all = JSON.parse(text) as readonly { readonly Id: string; readonly Command: string }[];
  await Promise.all(all.map(({ Id }) => target.api("DELETE", `/containers/${Id}?force=1`)));
  return `${all.length} containers`;
};
const config = (auths: unknown): Readonly<Record<string, string>> => ({
  "x-registry-config": Buffer.from(typeof auths === "string" ? auths : JSON.stringify(auths)).toString("base64url"),
});

/** Every parameter of `POST /build`, as reference and as mistake. */
export const parameterCases: readonly BuildCase[] = [
  // The context.
  { name: "no parameter, no body" },
  { name: "an empty context", body: new Uint8Array(1024) },
  { name: "a body that is no archive", body: new TextEncoder().encode("nonsense".repeat(200)) },
  {
    name: "an archive that is cut off",
    files: { Dockerfile: from(), large: "x".repeat(5000) },
    body: (tar) => tar.slice(0, 3000),
  },
  { name: "an archive packed with gzip", files: from("ENV A=b"), body: (tar) => gzipSync(tar) },
  { name: "an archive packed with zstd", files: from("ENV A=b"), body: (tar) => zstdCompressSync(tar) },
  { name: "another content type", files: from("ENV A=b"), headers: { "content-type": "application/octet-stream" } },
  { name: "remote: a web address that does not answer", path: "?remote=http://127.0.0.1:1/context.tar" },
  { name: "remote: no address", path: "?remote=nonsense" },
  { name: "remote: client-session without one", path: "?remote=client-session", files: from("ENV A=b") },

  // Which file, which stage, which name.
  { name: "dockerfile", path: "?dockerfile=sub/Other", files: { "sub/Other": from("ENV A=b") } },
  { name: "dockerfile that is not there", path: "?dockerfile=Other", files: from() },
  { name: "dockerfile outside", path: "?dockerfile=../Dockerfile", files: from() },
  { name: "dockerfile by an absolute path", path: "?dockerfile=/Dockerfile", files: from("ENV A=b") },
  { name: "dockerfile that is a folder", path: "?dockerfile=sub", files: { "sub/Dockerfile": from() } },
  { name: "dockerfile in lower case", files: { dockerfile: from("ENV A=b") } },
  { name: "an empty Dockerfile", files: "" },
  { name: "a Dockerfile of comments", files: "# nothing\n" },
  { name: "a Dockerfile without FROM", files: "RUN true\n" },
  { name: "ARG before FROM", files: "ARG X=busybox\nARG Y\nFROM $X\nENV A=b\n" },
  { name: "target", path: "?target=ONE", files: "FROM busybox AS one\nENV A=one\nFROM one\nENV A=two\n" },
  {
    name: "target by number",
    path: "?target=0",
    files: "FROM busybox\nENV A=one\nFROM scratch\nCOPY Dockerfile /\n",
    differs: "stages have had numbers before",
  },
  { name: "target that is not there", path: "?target=none", files: from() },
  {
    name: "t, twice",
    path: "?t=row:one&t=row:two",
    files: from("ENV A=b"),
    after: inspected("row:two", "{{json .RepoTags}}"),
  },
  { name: "t in capitals", path: "?t=Row", files: from() },
  { name: "t with a digest", path: `?t=row@sha256:${"0".repeat(64)}`, files: from() },
  { name: "t that is no name", path: "?t=a:b:c", files: from() },
  { name: "t that is empty", path: "?t=", files: from("ENV A=b") },

  // How it is told.
  { name: "q", path: "?q=1", files: from("RUN echo loud") },
  { name: "q and a command that fails", path: "?q=1", files: from("RUN echo loud; exit 3") },
  { name: "q and a file that is missing", path: "?q=1", files: from("COPY none /") },
  {
    name: "nocache",
    path: "?nocache=1",
    files: from("RUN echo twice"),
    before: (target) => target.api("POST", "/build/prune"),
  },
  { name: "the cache, as it is", files: from("RUN echo twice") },
  {
    name: "rm=0",
    path: "?rm=0&nocache=1",
    files: from("RUN echo kept"),
    after: containers,
    differs: "steps make no containers that could stay",
  },
  { name: "rm=1", path: "?rm=1&nocache=1", files: from("RUN echo gone"), after: containers },
  {
    name: "rm=1 and a failure",
    path: "?rm=1&nocache=1",
    files: from("RUN exit 4"),
    after: containers,
    differs: "steps make no containers that could stay",
  },
  { name: "forcerm and a failure", path: "?forcerm=1&nocache=1", files: from("RUN exit 4"), after: containers },

  // What is built upon.
  {
    name: "pull",
    path: "?pull=1",
    files: "FROM {registry}/fixture\nENV A=b\n",
    keep: /^Step|Pulling|Status|Success|rror/,
  },
  { name: "pull of what no registry has", path: "?pull=1", files: "FROM {registry}/none\n" },
  { name: "an image that nobody has", files: "FROM {registry}/none:1\n" },
  {
    name: "X-Registry-Config",
    headers: config({ "127.0.0.1:1": { username: "a", password: "b" } }),
    path: "?pull=1",
    files: "FROM {registry}/fixture\n",
    keep: /^Step|Success|rror/,
  },
  { name: "X-Registry-Config that is none", headers: { "x-registry-config": "%%%" }, files: from("ENV A=b") },
  { name: "X-Registry-Config of another kind", headers: config([1]), files: from("ENV A=b") },
  {
    name: "cachefrom",
    path: `?cachefrom=${json(["row:one"])}`,
    files: from("ENV A=b"),
    differs: "it says that there is none",
  },
  {
    name: "cachefrom that is not there",
    path: `?cachefrom=${json(["row:none"])}`,
    files: from("ENV A=fresh"),
    differs: "it says that there is none",
  },
  {
    name: "cachefrom that is no list",
    path: "?cachefrom=row:one",
    files: from("ENV A=b"),
    differs: "a name alone will do",
  },
  {
    name: "platform, the machine's own",
    path: `?platform=linux/${process.arch === "arm64" ? "arm64" : "amd64"}`,
    files: from("ENV A=b"),
  },
  { name: "platform that is none", path: "?platform=a/b/c/d", files: from() },
  { name: "platform of unknown parts", path: "?platform=nonsense", files: from() },

  // What the steps are given.
  {
    name: "buildargs",
    path: `?buildargs=${json({ A: "given", B: null })}`,
    files: from("ARG A", "ARG B=own", 'RUN echo "shown $A $B"'),
    keep: onlyShown,
  },
  { name: "buildargs that nobody takes", path: `?buildargs=${json({ Z: "1", Y: "2" })}`, files: from("ENV A=b") },
  {
    name: "buildargs of proxies",
    path: `?buildargs=${json({ HTTP_PROXY: "http://p:1" })}`,
    files: from('RUN echo "shown $HTTP_PROXY"'),
    keep: /^shown|Warning|rror|message/,
  },
  { name: "buildargs that are no JSON", path: "?buildargs={", files: from() },
  { name: "buildargs that are a list", path: "?buildargs=[1]", files: from() },
  { name: "buildargs with a number", path: `?buildargs=${json({ A: 1 })}`, files: from() },
  {
    name: "labels",
    path: `?t=row:labels&labels=${json({ a: "1", b: "" })}`,
    files: from("LABEL a=own c=3"),
    after: inspected("row:labels", "{{json .Config.Labels}}"),
    keep: /rror|message/,
  },
  { name: "labels that are no JSON", path: "?labels=a", files: from() },
  { name: "labels with a number", path: `?labels=${json({ A: 1 })}`, files: from() },
  {
    name: "extrahosts",
    path: "?extrahosts=there:10.1.2.3&extrahosts=six:fe80::1",
    files: from("RUN grep -E 'there|six' /etc/hosts | sed 's/^/shown /'"),
    keep: onlyShown,
  },
  {
    name: "extrahosts that are wrong",
    path: "?extrahosts=there:nonsense",
    files: from("RUN true"),
    keep: /rror|message/,
  },
  {
    name: "networkmode none",
    path: "?networkmode=none&nocache=1",
    files: from("RUN ls /sys/class/net | sed 's/^/shown /'"),
    keep: onlyShown,
  },
  {
    name: "networkmode default",
    path: "?networkmode=default&nocache=1",
    files: from("RUN ls /sys/class/net | sed 's/^/shown /'"),
    keep: onlyShown,
  },
  {
    name: "networkmode bridge",
    path: "?networkmode=bridge&nocache=1",
    files: from("RUN ls /sys/class/net | sed 's/^/shown /'"),
    keep: onlyShown,
  },
  {
    name: "networkmode host",
    path: "?networkmode=host&nocache=1",
    files: from("RUN ls /sys/class/net | grep -cE '^(blab0|breflab|blaterlab)$' | sed 's/^/shown /'"),
    keep: onlyShown,
  },
  {
    name: "networkmode of a network that is not there",
    path: "?networkmode=none-such",
    files: from("RUN true"),
    keep: /rror|message/,
    differs: "refused before the first step, with 404",
  },
  {
    name: "networkmode of a container that is not there",
    path: "?networkmode=container:none",
    files: from("RUN true"),
    keep: /rror|message/,
    differs: "refused before the first step, with 404",
  },
  {
    name: "shmsize",
    path: "?shmsize=134217728",
    files: from("RUN df -k /dev/shm | awk 'END{print \"shown\", $2}'"),
    keep: onlyShown,
  },
  { name: "shmsize that is no number", path: "?shmsize=much", files: from() },
  { name: "shmsize below nothing", path: "?shmsize=-1", files: from("RUN true"), keep: /rror|message/ },
  {
    name: "ulimits",
    path: `?ulimits=${json([{ Name: "nofile", Soft: 77, Hard: 99 }])}`,
    files: from('RUN echo "shown $(ulimit -Sn) $(ulimit -Hn)"'),
    keep: onlyShown,
  },
  { name: "ulimits that are no JSON", path: "?ulimits=nofile=1", files: from() },
  { name: "ulimits of another kind", path: "?ulimits={}", files: from() },
  {
    name: "ulimits of an unknown name",
    path: `?ulimits=${json([{ Name: "nonsense", Soft: 1, Hard: 1 }])}`,
    files: from("RUN true"),
    keep: /rror|message/,
    differs: "in the words for containers",
  },

  // Control groups: version 1 shows them at the same places in every container.
  {
    name: "memory and memswap",
    path: "?memory=67108864&memswap=134217728",
    files: from(
      'RUN cd /sys/fs/cgroup/memory && echo "shown $(cat memory.limit_in_bytes memory.memsw.limit_in_bytes | xargs)"',
    ),
    keep: onlyShown,
  },
  {
    name: "memory alone",
    path: "?memory=67108864",
    files: from(
      'RUN cd /sys/fs/cgroup/memory && echo "shown $(cat memory.limit_in_bytes memory.memsw.limit_in_bytes | xargs)"',
    ),
    keep: onlyShown,
  },
  {
    name: "memswap without end",
    path: "?memory=67108864&memswap=-1",
    files: from(
      'RUN cd /sys/fs/cgroup/memory && echo "shown $(cat memory.limit_in_bytes) $(($(cat memory.memsw.limit_in_bytes) > 1000000000000))"',
    ),
    keep: onlyShown,
  },
  { name: "memory that is too little", path: "?memory=1000", files: from("RUN echo little"), keep: /rror|message/ },
  {
    name: "memswap below memory",
    path: "?memory=67108864&memswap=1000000",
    files: from("RUN echo below"),
    keep: /rror|message/,
  },
  {
    name: "memory that is no number",
    path: "?memory=much",
    files: from("RUN echo much"),
    keep: /rror|Success|message/,
    differs: "a mistake should not look like no limit",
  },
  {
    name: "memory for a command that takes more",
    path: "?memory=8388608&memswap=8388608",
    files: from("RUN dd if=/dev/zero of=/dev/null bs=64M count=1"),
    keep: /rror|message/,
    differs: "it says why",
  },
  { name: "cpushares", path: "?cpushares=512", files: shown("/sys/fs/cgroup/cpu/cpu.shares"), keep: onlyShown },
  {
    name: "cpuperiod and cpuquota",
    path: "?cpuperiod=50000&cpuquota=25000",
    files: from('RUN cd /sys/fs/cgroup/cpu && echo "shown $(cat cpu.cfs_period_us cpu.cfs_quota_us | xargs)"'),
    keep: onlyShown,
  },
  {
    name: "cpuperiod that is too long",
    path: "?cpuperiod=5000000",
    files: from("RUN echo long"),
    keep: /rror|message/,
  },
  { name: "cpuquota that is too little", path: "?cpuquota=10", files: from("RUN echo short"), keep: /rror|message/ },
  {
    name: "cpusetcpus and cpusetmems",
    path: "?cpusetcpus=0&cpusetmems=0",
    files: from('RUN cd /sys/fs/cgroup/cpuset && echo "shown $(cat cpuset.cpus cpuset.mems | xargs)"'),
    keep: onlyShown,
  },
  {
    name: "cpusetcpus that are not there",
    path: "?cpusetcpus=4000",
    files: from("RUN echo far"),
    keep: /rror|message/,
  },
  { name: "cpusetcpus that are none", path: "?cpusetcpus=a", files: from("RUN echo a"), keep: /rror|message/ },
  {
    name: "cgroupparent",
    path: "?cgroupparent=/outer/inner",
    files: from("RUN grep -o ':memory:/outer/inner/' /proc/1/cgroup | sed 's/^/shown /'"),
    keep: onlyShown,
  },
  {
    name: "securityopt",
    path: "?securityopt=seccomp=unconfined",
    files: shown("/proc/self/status | grep Seccomp:"),
    keep: onlyShown,
    differs: "as for containers",
  },
  { name: "isolation", path: "?isolation=default", files: from("ENV A=b") },
  { name: "isolation that is none", path: "?isolation=nonsense", files: from() },

  // What becomes of it.
  {
    name: "squash",
    path: "?squash=1",
    files: from("RUN echo 1 > /1", "RUN rm /1"),
    keep: /Success|rror|message/,
    differs: "it is no experiment here",
  },
  { name: "outputs, none", path: "?outputs=[]", files: from("ENV A=b") },
  { name: "outputs that are no JSON", path: "?outputs=local", files: from() },
  {
    name: "outputs",
    path: `?outputs=${json([{ Type: "tar", Attrs: {} }])}`,
    files: from("ENV A=b"),
    differs: "what is not done should not look as if it were",
  },
  { name: "version=1", path: "?version=1", files: from("ENV A=b") },
  { name: "version=3", path: "?version=3", files: from() },
  { name: "version that is no number", path: "?version=x", files: from() },
  { name: "buildid", path: "?buildid=one", files: from("ENV A=b") },
  { name: "a parameter that nobody knows", path: "?nonsense=1", files: from("ENV A=b") },
  {
    name: "what it was built with runs",
    path: "?t=row:run",
    files: from("RUN echo made > /made", 'CMD ["cat", "/made"]'),
    keep: /Success/,
    after: runIn("row:run"),
  },

  // The other doors.
  { name: "another method", method: "GET" },
  { name: "cancel without an id", path: "/cancel" },
  { name: "cancel of what does not run", path: "/cancel?id=none" },
  { name: "prune", path: "/prune", keep: /rror|message/ },
  { name: "prune again", path: "/prune?all=1", keep: /rror|message/ },
  { name: "prune with bounds", path: "/prune?keep-storage=1000000" },
  { name: "prune with bounds that are none", path: "/prune?keep-storage=much" },
  { name: "prune with filters", path: `/prune?filters=${json({ until: ["1h"], type: ["regular"], private: ["1"] })}` },
  { name: "prune with an unknown filter", path: `/prune?filters=${json({ nonsense: ["1"] })}` },
  { name: "prune with filters that are none", path: "/prune?filters=x" },
  { name: "prune with a time that is none", path: `/prune?filters=${json({ until: ["x"] })}` },
];

/** Flags of `berth build` that no other file here is about, and where docker's classic builder has them, of that too. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../../tools/lab/debian-registry.ts";
import { buildImage } from "../../../tools/lab/image-writer.ts";
import { removeCgroups } from "../../../tools/lab/remove-cgroups.ts";
import { pushImage } from "../../../tools/lab/registry-push.ts";
import { writeTar } from "../../../tools/lab/tar-writer.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;
let registry: RunningRegistry;

beforeAll(async () => {
  lab = await BuildLab.open("bflag0", "172.31.229.1/24");
  registry = await startDebianRegistry({ dir: lab.engine.dir, port: await freePort() });
}, 180_000);
afterAll(async () => {
  await registry?.stop();
  await lab?.close();
  removeCgroups(["outer/inner", "outer"]);
});

/** Flags, a command, and what it prints: by a control group of version 1 or 2. */
const limits: readonly (readonly [flags: readonly string[], line: string, seen: RegExp])[] = [
  [["--cpu-shares", "512"], "cat cpu/cpu.shares cpu.weight", /^(512|20)$/m],
  [["-c", "256"], "cat cpu/cpu.shares cpu.weight", /^(256|10)$/m],
  [["--cpu-period", "50000", "--cpu-quota", "25000"], "cat cpu/cpu.cfs_quota_us cpu.max", /^25000/m],
  [["--cpuset-cpus", "0", "--cpuset-mems", "0"], "cat cpuset/cpuset.cpus cpuset.cpus", /^0$/m],
  [
    ["-m", "64m", "--memory-swap", "96m"],
    "cat memory/memory.memsw.limit_in_bytes memory.swap.max",
    /^(100663296|33554432)$/m,
  ],
  [["--shm-size", "16m"], "df -k /dev/shm | awk 'END{print $2}'", /^16384$/m],
  [["--ulimit", "nofile=55:66"], "ulimit -Sn", /^55$/m],
  [["--network", "none"], "ls /sys/class/net", /^lo$/m],
  [["--add-host", "there:10.1.2.3"], "cat /etc/hosts", /^10\.1\.2\.3\tthere$/m],
  [["--cgroup-parent", "/outer/inner"], "cat /proc/1/cgroup", /:\/outer\/inner\/|^0::\/$/m],
  [["--build-arg", "A=given"], "echo $A", /^given$/m],
];

describe.each(limits)("%j", (flags, line, seen) => {
  const Dockerfile = `FROM busybox\nARG A\nRUN cd /sys/fs/cgroup; { ${line}; } >/seen 2>/dev/null; true\n`;

  test("berth build", async () => {
    const id = (await lab.engine.ok("build", "-q", "--no-cache", ...flags, lab.context({ Dockerfile }))).trim();
    expect(await lab.runIn(id, "cat", "/seen")).toMatch(seen);
  });

  test("docker build, classic", async () => {
    const built = await lab.docker("build", "-q", "--no-cache", "--rm", ...flags, lab.context({ Dockerfile }));
    expect(built.stderr).not.toContain("rror");
    expect(await lab.runIn(built.stdout.trim(), "cat", "/seen")).toMatch(seen);
  });
});

interface RawVertex {
  readonly name: string;
  readonly completed?: string;
  readonly cached?: boolean;
}

test("--no-cache-filter builds the stages it names anew", async () => {
  const folder = lab.context({
    Dockerfile: "FROM busybox AS one\nRUN echo 1 > /1\nFROM busybox AS two\nCOPY --from=one /1 /\nRUN echo 2 > /2\n",
  });
  const ran = async (...flags: readonly string[]): Promise<readonly string[]> => {
    const { stderr } = await lab.engine.run("build", "--progress", "rawjson", ...flags, folder);
    const vertices = stderr
      .trim()
      .split("\n")
      .flatMap((line) => (JSON.parse(line) as { readonly vertexes?: readonly RawVertex[] }).vertexes ?? []);
    return vertices
      .filter(({ name, completed, cached }) => name.includes("RUN") && completed !== undefined && cached !== true)
      .map(({ name }) => name.slice(name.indexOf("RUN")))
      .toSorted();
  };
  const [one, two] = ["RUN echo 1 > /1", "RUN echo 2 > /2"];
  expect(await ran()).toEqual([one, two]);
  expect(await ran()).toEqual([]);
  expect(await ran("--no-cache-filter", "one")).toEqual([one]);
  expect(await ran("--no-cache-filter", "two")).toEqual([two]);
  expect(await ran("--no-cache-filter", "one,two")).toEqual([one, two]);
});

test("--pull asks the registry for a newer image, both doors", async () => {
  const name = `${registry.address}/moving:1`;
  const push = (content: string): Promise<unknown> =>
    pushImage(registry.address, "moving", "1", buildImage({ layers: [writeTar([{ path: "content", content }])] }));
  const folder = lab.context({ Dockerfile: `FROM ${name}\nENV A=b\n` });
  const built = async (...flags: readonly string[]): Promise<string> => {
    const id = (await lab.engine.ok("build", "-q", ...flags, folder)).trim();
    return lab.engine.ok("image", "cat", id, "/content");
  };
  await push("old");
  await lab.engine.ok("pull", "-q", name);
  await push("new");
  expect(await built()).toBe("old");
  expect(await built("--pull")).toBe("new");
  await push("newest");
  const classic = await lab.docker("build", "--pull", "-q", folder);
  expect(classic.code).toBe(0);
  expect(await built()).toBe("newest");
});

test("--explain says of each step why it was carried out or not", async () => {
  const sources = { Dockerfile: "FROM busybox\nWORKDIR /made\nCOPY file /\nRUN cat /file\n", file: "one" };
  const folder = lab.context(sources);
  const explained = async (): Promise<readonly string[]> => {
    const { stderr } = await lab.engine.run("build", "--explain", "--progress", "plain", folder);
    return [...stderr.matchAll(/^#\d+ ((?:NOT )?CACHED: .*)$/gm)].map(([, why = ""]) => why);
  };
  const time = "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z";
  const says = (pattern: string): RegExp => new RegExp(`^${pattern.replace("TIME", time)}$`);
  const isSaid = async (...patterns: readonly string[]): Promise<void> => {
    const said = await explained();
    expect(said).toEqual(patterns.map((pattern) => expect.stringMatching(says(pattern))));
  };
  const fresh = "NOT CACHED: this instruction was not built before";
  const anew = "NOT CACHED: what it is made from was built anew: .*";
  const found = "CACHED: the same instruction was built on the same base and with the same files at TIME";
  await isSaid(fresh, anew, anew);
  await isSaid(found, found, found);
  lab.fill(folder, { file: "two" });
  const changed =
    "NOT CACHED: since it was built at TIME something has changed: the files that it takes or its settings";
  await isSaid(found, changed, anew);
  lab.fill(folder, { Dockerfile: "FROM busybox\nWORKDIR /made\nRUN cat /file || true\nCOPY file /\n" });
  await isSaid(found, fresh, anew);
});

test("--load, --iidfile, --label and -t at once; a progress mode that is none", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nENV A=b\n" });
  const file = join(lab.engine.dir, "iid");
  await lab.engine.ok("build", "--load", "--iidfile", file, "--label", "l=1", "-t", "flags:1", "-t", "flags:2", folder);
  const ids = await lab.engine.ok("image", "inspect", "-f", "{{.Id}} {{.Config.Labels.l}}", "flags:1", "flags:2");
  const id = readFileSync(file, "utf8").trim();
  expect(ids).toBe(`${id} 1\n${id} 1\n`);
  const wrong = await lab.engine.run("build", "--progress", "nonsense", folder);
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("invalid progress mode nonsense")]);
});

test("build arguments that are switches of the front end", async () => {
  const out = async (args: readonly string[], line: string, ...look: readonly string[]): Promise<string> => {
    const folder = lab.context({ Dockerfile: `FROM busybox\n${line}\n` });
    const flags = args.flatMap((arg) => ["--build-arg", arg]);
    return lab.runIn((await lab.engine.ok("build", "-q", ...flags, folder)).trim(), ...look);
  };
  expect(await out(["BUILDKIT_SANDBOX_HOSTNAME=mine"], "RUN { hostname; cat /etc/hostname; } > /h", "cat", "/h")).toBe(
    "mine\nmine\n",
  );
  expect(await out([], "RUN { hostname; cat /etc/hostname; } > /h", "cat", "/h")).toBe(
    "buildkitsandbox\nbuildkitsandbox\n",
  );
  const cache = "RUN --mount=type=cache,id=n,target=/c echo x >> /c/a; wc -l < /c/a > /n";
  expect(await out(["BUILDKIT_CACHE_MOUNT_NS=one"], cache, "cat", "/n")).toBe("1\n");
  expect(await out(["BUILDKIT_CACHE_MOUNT_NS=two"], cache, "cat", "/n")).toBe("1\n");
  expect(await out(["BUILDKIT_CACHE_MOUNT_NS=one"], `${cache} #`, "cat", "/n")).toBe("2\n");
  const unclean = lab.context({ Dockerfile: "FROM busybox\nMAINTAINER me\n" });
  const strict = ["--build-arg", "BUILDKIT_DOCKERFILE_CHECK=error=true"];
  expect((await lab.engine.run("build", ...strict, unclean)).stderr).toContain(
    "lint violation found for rules: MaintainerDeprecated",
  );
  const skipped = ["--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=MaintainerDeprecated;error=true"];
  expect((await lab.engine.run("build", ...skipped, unclean)).code).toBe(0);
  const layout = join(lab.engine.dir, "as-index");
  await lab.engine.ok(
    "build",
    "--build-arg",
    "BUILDKIT_MULTI_PLATFORM=1",
    "-o",
    `type=oci,tar=false,dest=${layout}`,
    unclean,
  );
  const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as {
    readonly manifests: readonly { readonly mediaType: string }[];
  };
  expect(manifests.map(({ mediaType }) => mediaType)).toEqual(["application/vnd.oci.image.index.v1+json"]);
});

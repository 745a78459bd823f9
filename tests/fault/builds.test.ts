/** Builds that are cut off: by kill -9 of the engine at any step, by clients that leave; and many at once. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { folderIdentity } from "#host/files/folder-identity.ts";
import type { BuildOptions } from "#spec/berth/build-options.ts";
import { eventually } from "../../tools/lab/command.ts";
import { BuildLab } from "../engine/build/build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;

beforeAll(async () => {
  lab = await BuildLab.open("bbldf", "172.31.233.1/24");
}, 180_000);
afterAll(() => lab.close());

/** Everything that a build has only while it goes on. */
function leftovers(): readonly string[] {
  const { dir } = lab.engine;
  const names = (path: string): readonly string[] => readdirSync(join(dir, path)).map((name) => `${path}/${name}`);
  const layers = names("data/layers").filter((path) => path.includes("/.new-"));
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(dir) && /overlay|\/mounts\//.test(line));
  return [...names("exec/builds"), ...names("exec/mounts"), ...layers, ...mounts, ...processes("sleep 4321")];
}

/** Command lines of processes that contain `words`. */
function processes(words: string): readonly string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return line.startsWith(words) ? [line] : [];
    } catch {
      return [];
    }
  });
}

const nothingLeft = (): Promise<true> =>
  eventually("nothing is left", async () => (leftovers().length === 0 ? true : undefined));

test("an engine killed in a RUN leaves nothing, and the next build uses what was finished", async () => {
  const first = "FROM busybox\nRUN --mount=type=cache,target=/c echo ran >> /c/log && cp /c/log /log\n";
  const folder = lab.context({ Dockerfile: `${first}RUN sleep 4321\n` });
  const cut = lab.engine.run("build", folder);
  await eventually("the command runs", async () => (processes("sleep 4321").length > 0 ? true : undefined));
  await lab.engine.kill();
  expect((await cut).code).not.toBe(0);
  await lab.engine.start();
  await nothingLeft();
  const next = lab.context({ Dockerfile: `${first}RUN true\n` });
  const id = (await lab.engine.ok("build", "-q", next)).trim();
  expect(await lab.runIn(id, "cat", "/log")).toBe("ran\n");
});

test("an engine killed at any moment of a build", async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`files/${index}`, `${index}\n`]));
  const lines = (mark: number): string =>
    `FROM busybox\nCOPY files /files\nWORKDIR /made\nRUN echo ${mark} > /mark\nRUN cp -r /files /again\nRUN rm -r /files\n`;
  for (let round = 0; round < 6; round++) {
    const folder = lab.context({ ...files, Dockerfile: lines(round) });
    const cut = lab.engine.run("build", "-t", `round${round}`, folder);
    await Bun.sleep(15 * round);
    await lab.engine.kill();
    await cut;
    await lab.engine.start();
    await nothingLeft();
    await lab.engine.ok("build", "-q", "-t", `round${round}`, folder);
    const seen = await lab.runIn(
      `round${round}`,
      "sh",
      "-c",
      "cat /mark; ls /again | wc -l; ls -d /files 2>/dev/null; true",
    );
    expect(seen).toBe(`${round}\n200\n`);
  }
});

test("a client that leaves stops its command, nothing of the build is left", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN sleep 4321\n" });
  const abort = new AbortController();
  const left = post(folder, abort.signal).catch(() => undefined);
  await eventually("the command runs", async () => (processes("sleep 4321").length > 0 ? true : undefined));
  abort.abort();
  await left;
  await nothingLeft();
});

test("two hundred builds of one Dockerfile at once run each step once", async () => {
  const folder = lab.context({
    Dockerfile: `FROM busybox
RUN --mount=type=cache,id=many,target=/c echo one >> /c/log
RUN --mount=type=cache,id=many,target=/c echo two >> /c/log
`,
  });
  const answers = await Promise.all(Array.from({ length: 200 }, () => post(folder)));
  const ids = new Set(answers.map((text) => /"type":"image","id":"(sha256:[0-9a-f]{64})"/.exec(text)?.[1]));
  expect(ids.size).toBe(1);
  const look = lab.context({
    Dockerfile: "FROM busybox\nRUN --mount=type=cache,id=many,target=/c cp /c/log /log\n",
  });
  const id = (await lab.engine.ok("build", "-q", look)).trim();
  expect(await lab.runIn(id, "cat", "/log")).toBe("one\ntwo\n");
});

async function post(folder: string, signal?: AbortSignal): Promise<string> {
  const options: BuildOptions = {
    buildId: "",
    context: { kind: "folder", path: folder, identity: folderIdentity(folder) ?? "" },
    dockerfile: "",
    dockerfileText: null,
    contexts: {},
    folders: {},
    sent: {},
    tags: [],
    buildArgs: {},
    labels: {},
    target: "",
    noCache: false,
    pull: false,
    platform: "",
    outputs: [],
    annotations: [],
    cacheFrom: [],
    cacheTo: [],
    attestations: [],
    squash: false,
    network: "",
    hosts: [],
    shmSizeBytes: 0,
    ulimits: [],
    cgroupParent: "",
    limits: {
      memoryBytes: 0,
      memorySwapBytes: 0,
      cpuShares: 0,
      cpuPeriod: 0,
      cpuQuota: 0,
      cpusetCpus: "",
      cpusetMems: "",
    },
    secrets: {},
    agents: {},
    agentFolders: {},
    forwardsAgents: false,
    allow: [],
    debug: false,
    call: "build",
  };
  const response = await fetch("http://engine/berth/build", {
    unix: lab.engine.host.replace("unix://", ""),
    method: "POST",
    body: `${JSON.stringify(options)}\n`,
    ...(signal === undefined ? {} : { signal }),
  });
  return response.text();
}

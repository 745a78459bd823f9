/** Builds by TCP for an engine that does not see the client's folders: what goes over the wire, counted, and what comes of it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, connect, type Server } from "node:net";
import { join } from "node:path";
import type { BuildCacheRecord } from "#spec/docker/disk-usage.ts";
import { command, eventually, mustRun, type CommandResult } from "../../../tools/lab/command.ts";
import { freePort } from "../../../tools/lab/debian-registry.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { BuildLab } from "./build-lab.ts";
import { copySshAdd } from "./copy-ssh-add.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;
let proxy: Server;
let address = "";
/** What clients have sent to the engine. */
let sentBytes = 0;

beforeAll(async () => {
  const port = await freePort();
  lab = await BuildLab.open("bbld9", "172.31.218.1/24", ["-H", `tcp://127.0.0.1:${port}`, "--tls=false"]);
  proxy = createServer((client) => {
    const engine = connect(port, "127.0.0.1");
    client.on("data", (bytes) => (sentBytes += bytes.length));
    client.pipe(engine);
    engine.pipe(client);
    for (const end of [client, engine]) end.on("error", () => void (client.destroy(), engine.destroy()));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const listening = proxy.address();
  address = `tcp://127.0.0.1:${typeof listening === "object" ? listening?.port : ""}`;
}, 180_000);
afterAll(async () => {
  proxy.close();
  await lab.close();
});

/** berth where `paths` are other folders than those that the engine sees: bound from `<path>.client`. */
function elsewhere(paths: readonly string[], args: readonly string[], stdin?: Uint8Array): Promise<CommandResult> {
  const script = `${paths.map((path) => `mount --bind ${path}.client ${path} && `).join("")}exec "$@"`;
  const line = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", ...berthCommand(), ...args];
  const env = { ...lab.environment(), BERTH_HOST: address, DOCKER_HOST: address };
  return command(line, { env, ...(stdin === undefined ? {} : { stdin }) });
}

/** The image's id, and how much was sent for it. */
async function built(
  paths: readonly string[],
  args: readonly string[],
  stdin?: Uint8Array,
): Promise<{ readonly id: string; readonly bytes: number }> {
  const before = sentBytes;
  const { code, stdout, stderr } = await elsewhere(paths, ["build", "-q", ...args], stdin);
  expect([code, stderr]).toEqual([0, ""]);
  return { id: stdout.trim(), bytes: sentBytes - before };
}

/** A folder of the client, and an empty one in its place for the engine. */
function clientFolder(name: string): { readonly path: string; readonly real: string } {
  const path = join(lab.engine.dir, name);
  for (const folder of [path, `${path}.client`]) mkdirSync(folder);
  return { path, real: `${path}.client` };
}

test("only what changed is sent, and the files are the client's", async () => {
  const { path, real } = clientFolder("many");
  const source = join(real, "src");
  mkdirSync(source);
  for (let index = 0; index < 1000; index += 1)
    writeFileSync(join(source, `${index}.txt`), `file ${index}\n`.repeat(20));
  writeFileSync(join(real, "big"), randomBytes(8 << 20));
  writeFileSync(join(real, "ignored"), randomBytes(4 << 20));
  writeFileSync(join(real, ".dockerignore"), "ignored\n");
  await mustRun(["sh", "-c", `cd ${real} && ln -s src/1.txt link && ln src/2.txt hard && chmod 4751 src/3.txt`]);
  writeFileSync(join(real, "Dockerfile"), "FROM busybox\nCOPY . /all\n");
  const sums = async (id: string): Promise<string> =>
    lab.runIn(
      id,
      "sh",
      "-c",
      "cd /all && find . -type f | sort | xargs sha256sum; stat -c %a src/3.txt; readlink link",
    );
  const own = await mustRun([
    "sh",
    "-c",
    `cd ${real} && find . -type f ! -name ignored | LC_ALL=C sort | xargs sha256sum`,
  ]);

  const first = await built([path], [path]);
  expect(first.bytes).toBeGreaterThan(8 << 20);
  expect(first.bytes).toBeLessThan(12 << 20);
  expect(await sums(first.id)).toBe(`${own}4751\nsrc/1.txt\n`);

  const again = await built([path], [path]);
  expect(again.id).toBe(first.id);
  expect(again.bytes).toBeLessThan(32 << 10);

  utimesSync(join(real, "big"), 1_000_000_000, 1_000_000_000);
  expect((await built([path], [path])).bytes).toBeLessThan(96 << 10);

  writeFileSync(join(source, "77.txt"), "changed\n");
  const changed = await built([path], [path]);
  expect(changed.bytes).toBeLessThan(96 << 10);
  expect(await lab.runIn(changed.id, "cat", "/all/src/77.txt")).toBe("changed\n");

  rmSync(join(source, "78.txt"));
  appendFileSync(join(real, "big"), "more");
  const grown = await built([path], [path]);
  expect(grown.bytes).toBeLessThan(2 << 20);
  expect(await lab.runIn(grown.id, "sh", "-c", "ls /all/src | wc -l; tail -c 4 /all/big")).toBe("999\nmore");
  expect(existsSync(join(path, "Dockerfile"))).toBe(false);
});

test("an engine that was started anew knows the chunks still; pruned it is sent everything again", async () => {
  const { path, real } = clientFolder("kept");
  writeFileSync(join(real, "big"), randomBytes(2 << 20));
  writeFileSync(join(real, "Dockerfile"), "FROM busybox\nCOPY big /\n");
  expect((await built([path], [path])).bytes).toBeGreaterThan(2 << 20);
  await lab.engine.kill();
  await lab.engine.start();
  expect((await built([path], [path])).bytes).toBeLessThan(32 << 10);
  const chunks = join(lab.engine.dir, "data/build/chunks");
  const { text } = await lab.engine.api("GET", "/system/df?type=build-cache");
  const { BuildCache } = JSON.parse(text) as { readonly BuildCache: readonly BuildCacheRecord[] };
  const told = BuildCache.find(({ Description }) => Description === "folders that clients elsewhere sent");
  const files = readdirSync(chunks, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  expect([told?.Type, told?.Size]).toEqual(["source.local", bytes]);
  expect(await lab.engine.ok("builder", "du")).toMatch(/^sent-folders +true /m);
  expect(await lab.engine.ok("builder", "prune", "-af")).toMatch(/reclaimed space: [1-9]/i);
  expect(readdirSync(chunks).flatMap((folder) => readdirSync(join(chunks, folder)))).toEqual([]);
  expect((await built([path], [path])).bytes).toBeGreaterThan(2 << 20);
});

test("named folders, layouts and caches of the client, with every kind of context", async () => {
  const context = clientFolder("context");
  const named = clientFolder("named");
  const layout = clientFolder("layout");
  writeFileSync(join(named.path, "file"), "the engine's\n");
  writeFileSync(join(named.real, "file"), "the client's\n");
  writeFileSync(join(context.real, "Dockerfile"), "FROM scratch\nCOPY --from=named file /\n");
  const with_ = ["--build-context", `named=${named.path}`];
  const text = "FROM busybox\nCOPY --from=named file /\n";
  const archive = await mustRun([
    "sh",
    "-c",
    `cd ${context.real} && echo '${text.replaceAll("\n", "\\n")}' | tar -c Dockerfile | base64 -w0`,
  ]);
  const fromText = await built([named.path], [...with_, "-"], Buffer.from(text));
  expect(await lab.runIn(fromText.id, "cat", "/file")).toBe("the client's\n");
  const fromArchive = await built(
    [named.path],
    [...with_, "--output", `type=oci,dest=${layout.real}/x.tar`, "-"],
    Buffer.from(archive, "base64"),
  );
  expect(fromArchive.bytes).toBeGreaterThan(0);
  await mustRun(["tar", "-C", layout.real, "-xf", join(layout.real, "x.tar")]);
  rmSync(join(layout.real, "x.tar"));
  const all = [context.path, named.path, layout.path];
  writeFileSync(join(context.real, "Dockerfile"), "FROM base AS b\nFROM busybox\nCOPY --from=b /file /\n");
  const based = await built(all, ["--build-context", `base=oci-layout://${layout.path}`, context.path]);
  expect(await lab.runIn(based.id, "cat", "/file")).toBe("the client's\n");
});

test("a cache of the client's is read there", async () => {
  const context = clientFolder("cached");
  const cache = clientFolder("cache");
  writeFileSync(
    join(context.real, "Dockerfile"),
    "FROM busybox\nRUN echo made-$(cat /proc/sys/kernel/random/uuid) > /made\n",
  );
  const put = await built([context.path], ["--cache-to", `type=local,dest=${cache.real}`, context.path]);
  await lab.engine.ok("rmi", "-f", put.id);
  await lab.engine.ok("builder", "prune", "-af");
  const paths = [context.path, cache.path];
  const got = await built(paths, ["--cache-from", `type=local,src=${cache.path}`, context.path]);
  expect(got.id).toBe(put.id);
});

test("an agent of the client's is forwarded, a connection for each who speaks to it", async () => {
  const context = clientFolder("agents");
  const agent = clientFolder("agent");
  const socket = join(agent.real, "socket");
  const child = Bun.spawn(["ssh-agent", "-D", "-a", socket], { stdout: "ignore", stderr: "ignore" });
  try {
    await eventually("the agent is there", () => (existsSync(socket) ? true : undefined));
    const key = join(lab.engine.dir, "key");
    await mustRun(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "of the client", "-f", key]);
    await mustRun(["ssh-add", "-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    await copySshAdd(join(context.real, "tools"));
    writeFileSync(
      join(context.real, "Dockerfile"),
      `FROM busybox
RUN --mount=type=bind,source=tools,target=/tools --mount=type=ssh cd /tools && for n in 1 2 3; do ./loader --library-path . ./ssh-add -l; done > /keys
RUN --mount=type=bind,source=tools,target=/tools --mount=type=ssh,id=none cd /tools && ! ./loader --library-path . ./ssh-add -l 2> /none
`,
    );
    const agents = ["--ssh", `default=${agent.path}/socket`, "--ssh", `none=${agent.path}/nobody`];
    const { id } = await built([context.path, agent.path], [...agents, context.path]);
    expect(await lab.runIn(id, "cat", "/keys")).toMatch(/^(256 SHA256:\S+ of the client \(ED25519\)\n){3}$/);
    expect(await lab.runIn(id, "cat", "/none")).not.toBe("");
  } finally {
    child.kill();
    await child.exited;
  }
  // Who does not say that it forwards agents is not asked, and nobody else gets at a connection.
  const options = {
    ...{ context: { kind: "none" }, dockerfileText: "FROM scratch", agents: { default: "/x/socket" } },
    agentFolders: { "/x": "another" },
  };
  const url = address.replace("tcp:", "http:");
  const body = `${JSON.stringify(options)}\n`;
  const refused = await fetch(`${url}/berth/build`, { method: "POST", body });
  expect(await refused.text()).toContain("the ssh agent in /x is not on the engine's machine");
  expect((await fetch(`${url}/berth/build/agents/none`, { method: "POST" })).status).toBe(404);
});

test("what is no tree is refused", async () => {
  const url = `${address.replace("tcp", "http")}/berth/build/trees`;
  expect((await fetch(url, { method: "POST", body: new Uint8Array(31) })).status).toBe(400);
});

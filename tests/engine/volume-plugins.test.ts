/**
 * A real plugin by Docker's volume plugin protocol, driven by our engine and by dockerd: the same requests get the same
 * answers, and the plugin hears the same. What concerns ends of engines and of the plugin is ours alone.
 */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { command, eventually } from "../../tools/lab/command.ts";
import { startDockerd, type RunningEngine } from "../../tools/lab/engines.ts";
import { createNetworkNamespace, type NetworkNamespace } from "../../tools/lab/network-namespace.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import { RunningPlugin } from "./volume-plugin/running-plugin.ts";

setDefaultTimeout(180_000);

interface Answer {
  readonly status: number;
  readonly text: string;
}
type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>;

const askOf =
  (socket: string): Ask =>
  async (method, path, body) => {
    const response = await fetch(`http://localhost${path}`, {
      unix: socket,
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };

let plugin: RunningPlugin;
let scratch: string;
let ours: BusyboxEngine;
let network: NetworkNamespace;
let reference: RunningEngine;

beforeAll(async () => {
  scratch = makeScratch("plugin");
  plugin = await RunningPlugin.start("berth-lab", scratch);
  ours = await BusyboxEngine.open({ bridge: "bvplug0", bip: "172.31.236.1/24" });
  network = await createNetworkNamespace();
  const dir = join(scratch, "reference");
  await command(["mkdir", dir]);
  reference = await startDockerd({ dir, bridge: "bvplug1", bip: "172.31.237.1/24", network });
}, 180_000);
afterAll(async () => {
  await ours.removeAll();
  await ours.close();
  await reference.stop();
  await network.close();
  await plugin.close();
  removeScratch(scratch);
});
afterEach(() => void plugin.takeCalls());

const messageOf = ({ text }: Answer): string => (JSON.parse(text) as { message: string }).message;
const create = (ask: Ask, body: object): Promise<Answer> =>
  ask("POST", "/volumes/create", { Driver: plugin.name, ...body });
const heard = (): readonly string[] => plugin.takeCalls().map(({ method, Name = "" }) => `${method.slice(13)} ${Name}`);

describe.each(["dockerd", "berth"] as const)("%s", (engine) => {
  const ask: Ask = (...args) => (engine === "berth" ? ours.api(...args) : askOf(reference.socket)(...args));
  const name = (stem: string): string => `${stem}-${engine}`;

  test("create, find again, inspect, list, remove", async () => {
    const Name = name("pv");
    const made = await create(ask, { Name, DriverOpts: { a: "b" }, Labels: { x: "y" } });
    expect(made.status).toBe(201);
    const shown = {
      Name,
      Driver: plugin.name,
      Labels: { x: "y" },
      Options: { a: "b" },
      Scope: "global",
      Mountpoint: "",
    };
    expect(JSON.parse(made.text)).toMatchObject(shown);
    expect(plugin.takeCalls()).toEqual([{ method: "VolumeDriver.Create", Name, Opts: { a: "b" } }]);
    expect((await create(ask, { Name })).status).toBe(201);
    expect((await create(ask, { Name, Driver: "" })).text).toContain(`"Driver":"${plugin.name}"`);
    expect(plugin.takeCalls()).toEqual([]);
    const taken = await create(ask, { Name, Driver: "local" });
    expect(taken.status).toBe(409);
    expect(messageOf(taken)).toBe(
      `create ${Name}: driver '${plugin.name}' already has volume '${Name}': volume name must be unique`,
    );
    expect(JSON.parse((await ask("GET", `/volumes/${Name}`)).text)).toMatchObject({
      ...shown,
      CreatedAt: "2026-01-02T03:04:05Z",
      Status: { options: 1 },
    });
    const filters = encodeURIComponent(JSON.stringify({ driver: [plugin.name] }));
    const { Volumes } = JSON.parse((await ask("GET", `/volumes?filters=${filters}`)).text) as {
      Volumes: { Name: string }[];
    };
    expect(Volumes.map((volume) => volume.Name)).toContain(Name);
    expect((JSON.parse((await ask("GET", "/info")).text) as { Plugins: { Volume: string[] } }).Plugins.Volume).toEqual(
      [plugin.name, "local"].toSorted(),
    );
    expect((await ask("DELETE", `/volumes/${Name}`)).status).toBe(204);
    expect(heard()).toEqual([`Remove ${Name}`]);
    const gone = await ask("GET", `/volumes/${Name}`);
    expect([gone.status, messageOf(gone)]).toEqual([404, `get ${Name}: no such volume`]);
  });

  test.each([
    ["Create", "VolumeDriver.Create: Create does not want to"],
    ["Create!", "VolumeDriver.Create: plainly broken\n"],
  ])("a plugin that refuses: %s", async (fail, says) => {
    const Name = name("refused");
    const refused = await create(ask, { Name, DriverOpts: { fail } });
    expect([refused.status, messageOf(refused)]).toEqual([500, `create ${Name}: ${says}`]);
    expect((await ask("GET", `/volumes/${Name}`)).status).toBe(404);
  });

  test("a volume that its plugin keeps", async () => {
    const Name = name("kept");
    await create(ask, { Name, DriverOpts: { fail: "Remove" } });
    for (const query of ["", "?force=1"]) {
      const refused = await ask("DELETE", `/volumes/${Name}${query}`);
      expect([refused.status, messageOf(refused)]).toEqual([
        500,
        `remove ${Name}: VolumeDriver.Remove: Remove does not want to`,
      ]);
    }
    expect((await ask("GET", `/volumes/${Name}`)).status).toBe(200);
  });

  test("prune and disk use are of local volumes alone", async () => {
    const Name = name("stays");
    await create(ask, { Name });
    await ask("POST", "/volumes/prune");
    expect((await ask("GET", `/volumes/${Name}`)).status).toBe(200);
    expect((await ask("GET", "/system/df")).text).not.toContain(Name);
  });
});

test("a plugin that is not there", async () => {
  const refused = await create((...args) => ours.api(...args), { Name: "none", Driver: "nosuch" });
  expect([refused.status, messageOf(refused)]).toEqual([
    404,
    'create none: error looking up volume plugin nosuch: plugin "nosuch" not found',
  ]);
});

describe("containers", () => {
  const mounts = (): readonly string[] => plugin.takeCalls().map(({ method, ID = "" }) => `${method.slice(13)} ${ID}`);

  test("a plugin mounts for each container, and is filled from the image", async () => {
    await ours.ok("volume", "create", "-d", plugin.name, "shared");
    const flags = ["-v", "shared:/etc", "-v", "shared:/again:ro"];
    const line = "test -s /again/passwd && touch /again/x 2>&1; echo hi >/etc/said; sleep 100";
    const one = (await ours.ok("run", "-d", "--network", "none", ...flags, "busybox", "sh", "-c", line)).trim();
    await eventually("the first container wrote", async () =>
      (await ours.run("exec", one, "cat", "/again/said")).stdout === "hi\n" ? true : undefined,
    );
    const two = (await ours.ok("create", "--network", "none", "-v", "shared:/m", "busybox", "cat", "/m/said")).trim();
    expect(await ours.ok("start", "-a", two)).toBe("hi\n");
    expect(await ours.ok("logs", one)).toContain("Read-only file system");
    const calls = mounts();
    expect(new Set(calls)).toEqual(new Set([`Create `, `Mount ${one}`, `Mount ${two}`, `Unmount ${two}`]));
    const shown = await ours.ok(
      "inspect",
      "-f",
      "{{range .Mounts}}{{.Type}} {{.Name}} {{.Driver}} {{.RW}}\n{{end}}",
      one,
    );
    expect(shown.trim().split("\n").toSorted()).toEqual([
      `volume shared ${plugin.name} false`,
      `volume shared ${plugin.name} true`,
    ]);
    const inUse = await ours.run("volume", "rm", "shared");
    expect(inUse.stderr).toMatch(/remove shared: volume is in use - \[[0-9a-f]{64}, [0-9a-f]{64}\]/u);
    await ours.ok("stop", "-t", "0", one);
    expect(mounts()).toEqual([`Unmount ${one}`]);
    // Copies out of what does not run have it mounted meanwhile.
    await ours.ok("cp", `${two}:/m/said`, join(scratch, "said"));
    expect(readFileSync(join(scratch, "said"), "utf8")).toBe("hi\n");
    expect(new Set(mounts())).toEqual(new Set([`Mount ${two}`, `Unmount ${two}`]));
    await ours.ok("rm", one, two);
    await ours.ok("volume", "rm", "shared");
  });

  test("anonymous volumes of a plugin go with their container", async () => {
    await ours.ok("run", "--rm", "--network", "none", "--volume-driver", plugin.name, "-v", "/m", "busybox", "true");
    expect(heard().map((line) => line.split(" ")[0])).toEqual(["Create", "Mount", "Unmount", "Remove"]);
  });

  test.each([
    ["Mount", "VolumeDriver.Mount: Mount does not want to"],
    ["Mount!", "VolumeDriver.Mount: plainly broken"],
  ])("a start that the plugin refuses: %s", async (fail, says) => {
    const mount = `type=volume,src=refuses,dst=/m,volume-driver=${plugin.name},volume-opt=fail=${fail}`;
    const refused = await ours.run("run", "--rm", "--network", "none", "--mount", mount, "busybox", "true");
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain(says);
    await ours.ok("volume", "rm", "refuses");
  });

  test("killed engine: what ended meanwhile is let go, what lives stays mounted", async () => {
    const begin = async (line: string): Promise<string> =>
      (await ours.ok("run", "-d", "--network", "none", "-v", "vault:/m", "busybox", "sh", "-c", line)).trim();
    await ours.ok("volume", "create", "-d", plugin.name, "--label", "a=b", "vault");
    const lives = await begin("sleep 1000");
    const ends = await begin("until [ -e /m/end ]; do sleep 0.05; done");
    plugin.takeCalls();
    await ours.kill();
    await ours.ok("--version");
    await Bun.write(join(scratch, "volumes/vault/data/end"), "");
    await eventually("its process ended", async () => {
      const { stdout } = await command(["pgrep", "-f", "until .* /m/end"]);
      return stdout === "" ? true : undefined;
    });
    await ours.start();
    await eventually("it is let go", () => (plugin.takeCalls().some(({ ID }) => ID === ends) ? true : undefined));
    expect(await ours.ok("volume", "inspect", "-f", "{{.Driver}} {{.Labels.a}}", "vault")).toBe(`${plugin.name} b\n`);
    plugin.takeCalls();
    await ours.ok("rm", "-f", lives, ends);
    expect(mounts()).toEqual([`Unmount ${lives}`]);
    await ours.ok("volume", "rm", "vault");
  });

  test("a plugin that is away: lists go on with a warning, and it is used again when it is back", async () => {
    await ours.ok("volume", "create", "-d", plugin.name, "patient");
    await plugin.end();
    const { Volumes, Warnings } = JSON.parse((await ours.api("GET", "/volumes")).text) as {
      Volumes: { Name: string }[];
      Warnings: string[];
    };
    expect(Volumes.map(({ Name }) => Name)).toContain("patient");
    expect(Warnings).toEqual([expect.stringContaining(`error while listing volumes of driver "${plugin.name}"`)]);
    const refused = await ours.run("run", "--rm", "--network", "none", "-v", "patient:/m", "busybox", "true");
    expect(refused.code).toBe(125);
    await plugin.begin();
    await ours.ok("run", "--rm", "--network", "none", "-v", "patient:/m", "busybox", "touch", "/m/x");
    await ours.ok("volume", "rm", "patient");
  });
});

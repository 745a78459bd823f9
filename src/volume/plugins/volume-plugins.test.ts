import { afterEach, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginNames, type PluginDirectories } from "./discover.ts";
import { VolumePlugins } from "./volume-plugins.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

function directories(): PluginDirectories {
  const root = mkdtempSync(join(tmpdir(), "volume-plugins-"));
  closers.push(() => rmSync(root, { recursive: true }));
  const made = { sockets: [join(root, "run")], specs: [join(root, "etc"), join(root, "lib")] };
  for (const path of [...made.sockets, ...made.specs]) mkdirSync(path);
  return made;
}

const plugins = (found: PluginDirectories, shortMs = 5000): VolumePlugins => {
  const made = new VolumePlugins({ directories: found, timeouts: { longMs: 5000, shortMs } });
  closers.push(() => made.close());
  return made;
};

/** A plugin that answers every call with what `answer` gives. */
function serve(at: { readonly unix: string } | { readonly port: 0 }, answer: (method: string) => Response): number {
  const fetch = (request: Request): Response => {
    const method = new URL(request.url, "http://plugin").pathname.slice(1);
    return method === "Plugin.Activate" ? Response.json({ Implements: ["VolumeDriver"] }) : answer(method);
  };
  const server = "unix" in at ? Bun.serve({ ...at, fetch }) : Bun.serve({ ...at, hostname: "127.0.0.1", fetch });
  closers.push(() => void server.stop(true));
  return "unix" in at ? 0 : (server.port ?? 0);
}
const mounted = (path: string) => () => Response.json({ Mountpoint: path });

test("found as a socket, a socket in a folder, a .spec and a .json file", async () => {
  const found = directories();
  const [run = "", [etc = "", lib = ""]] = [found.sockets[0], found.specs];
  serve({ unix: join(run, "plain.sock") }, mounted("/plain"));
  mkdirSync(join(run, "folder"));
  serve({ unix: join(run, "folder", "folder.sock") }, mounted("/folder"));
  const port = serve({ port: 0 }, mounted("/tcp"));
  writeFileSync(join(etc, "spec.spec"), `tcp://127.0.0.1:${port}\n`);
  writeFileSync(join(lib, "json.json"), JSON.stringify({ Name: "json", Addr: `http://127.0.0.1:${port}` }));
  writeFileSync(join(lib, "spec.spec"), "tcp://192.0.2.1:1\n");
  writeFileSync(join(run, "no-socket.sock"), "");
  expect(pluginNames(found)).toEqual(["folder", "json", "plain", "spec"]);
  const all = plugins(found);
  const paths = await Promise.all(
    ["plain", "folder", "spec", "json"].map(async (name) => (await all.get(name)).mount("v", "id")),
  );
  expect(paths).toEqual(["/plain", "/folder", "/tcp", "/tcp"]);
});

test.each(["nosuch", "../plain", "a/b", "", ".", "a\0b"])("no plugin is called %j", async (name) => {
  const why = `error looking up volume plugin ${name}: plugin "${name}" not found`;
  await expect(plugins(directories()).get(name)).rejects.toMatchObject({ kind: "not-found", message: why });
});

test("a file that says nothing is named", async () => {
  const found = directories();
  writeFileSync(join(found.specs[0] ?? "", "bad.spec"), "nonsense");
  await expect(plugins(found).get("bad")).rejects.toThrow(/bad\.spec: "nonsense" is no address/);
});

test("what a plugin says, and how it says it", async () => {
  const found = directories();
  const answers: Readonly<Record<string, () => Response>> = {
    "VolumeDriver.Create": () => Response.json({ Err: "no room" }, { status: 500 }),
    "VolumeDriver.Remove": () => new Response("broken\n", { status: 502 }),
    "VolumeDriver.Unmount": () => Response.json({ Err: "busy" }),
    "VolumeDriver.Mount": () => Response.json({ Mountpoint: "relative" }),
    "VolumeDriver.Get": () => Response.json({ Err: "unknown" }, { status: 500 }),
    "VolumeDriver.List": () =>
      Response.json({ Volumes: [{ Name: "one", Status: { at: 1 } }, { Mountpoint: "/nameless" }, null] }),
  };
  serve(
    { unix: join(found.sockets[0] ?? "", "p.sock") },
    (method) => answers[method]?.() ?? new Response("", { status: 404 }),
  );
  const plugin = await plugins(found).get("p");
  const refused = { kind: "internal" };
  await expect(plugin.create("v", {})).rejects.toMatchObject({ ...refused, message: "VolumeDriver.Create: no room" });
  await expect(plugin.remove("v")).rejects.toMatchObject({ ...refused, message: "VolumeDriver.Remove: broken\n" });
  await expect(plugin.unmount("v", "id")).rejects.toMatchObject({ ...refused, message: "busy" });
  await expect(plugin.mount("v", "id")).rejects.toThrow("no absolute path");
  expect(await plugin.get("v")).toBeUndefined();
  expect(await plugin.list()).toEqual([{ name: "one", path: "", createdAtNs: 0n, status: { at: 1 } }]);
  expect(await plugin.scope()).toBe("local");
});

test("an answer that does not come in time", async () => {
  const found = directories();
  const silent = createServer().listen(join(found.sockets[0] ?? "", "p.sock"));
  closers.push(() => void silent.close());
  await once(silent, "listening");
  await expect(plugins(found, 50).get("p")).rejects.toThrow("Plugin.Activate: no answer within 0.05 seconds");
});

test("a plugin for something else is none", async () => {
  const found = directories();
  const fetch = (): Response => Response.json({ Implements: ["NetworkDriver"] });
  const server = Bun.serve({ unix: join(found.sockets[0] ?? "", "net.sock"), fetch });
  closers.push(() => void server.stop(true));
  const all = plugins(found);
  await all.discover();
  expect([...all.active.keys()]).toEqual([]);
  await expect(all.get("net")).rejects.toThrow("plugin does not implement the requested driver");
});

test("a plugin that comes back is used again", async () => {
  const found = directories();
  const unix = join(found.sockets[0] ?? "", "p.sock");
  const begin = (path: string) =>
    Bun.serve({
      unix,
      fetch: (request) =>
        Response.json(request.url.includes("Activate") ? { Implements: ["VolumeDriver"] } : { Mountpoint: path }),
    });
  const first = begin("/first");
  const plugin = await plugins(found).get("p");
  expect(await plugin.mount("v", "id")).toBe("/first");
  await first.stop(true);
  rmSync(unix, { force: true });
  await expect(plugin.mount("v", "id")).rejects.toMatchObject({ kind: "unavailable" });
  const second = begin("/second");
  closers.push(() => void second.stop(true));
  expect(await plugin.mount("v", "id")).toBe("/second");
});

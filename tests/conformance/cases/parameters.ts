import { expect, test } from "bun:test";
import { writeTar } from "../../../tools/lab/tar-writer.ts";
import type { Target } from "../target.ts";

/** What an answer is: its status, and what its message has whatever the case of letters. */
type Wanted = readonly [status: number, words: string];

interface Row {
  /** METHOD PATH; `made` was created, `box` runs, `held` is paused, EXEC has ended. */
  readonly request: string;
  readonly body?: unknown;
  readonly wanted: Wanted;
  /** Of 20.10, where it says otherwise. */
  readonly older?: Wanted;
}

const row = (request: string, wanted: Wanted, older?: Wanted, body?: unknown): Row => ({
  request,
  wanted,
  ...(older === undefined ? {} : { older }),
  ...(body === undefined ? {} : { body }),
});
const nobody = "No such container: nobody";
const filters = (value: unknown): string => encodeURIComponent(JSON.stringify(value));

/** Every parameter with a value that cannot be, and every path with what is not there. */
const rows: readonly Row[] = [
  row("GET /containers/json?limit=x", [400, 'strconv.Atoi: parsing "x": invalid syntax']),
  row("GET /containers/json?filters=x", [400, "invalid filter"], [400, "invalid character 'x'"]),
  row(`GET /containers/json?filters=${filters({ name: { box: true } })}`, [200, ""]),
  row("POST /containers/create?name=!", [400, "Invalid container name (!)"], undefined, { Image: "busybox" }),
  row("POST /containers/create?name=box", [409, 'The container name "/box" is already in use'], undefined, {
    Image: "busybox",
  }),
  row("POST /containers/create?platform=a/b/c/d", [400, "cannot parse platform specifier"], undefined, {
    Image: "busybox",
  }),
  row("GET /containers/nobody/json?size=1", [404, nobody]),
  row("GET /containers/nobody/top", [404, nobody]),
  row("GET /containers/nobody/logs?stdout=1", [404, nobody]),
  row("GET /containers/nobody/changes", [404, nobody]),
  row("GET /containers/nobody/export", [404, nobody]),
  row("GET /containers/nobody/stats?stream=0", [404, nobody]),
  row("POST /containers/nobody/resize?h=1&w=1", [404, nobody]),
  row("POST /containers/box/resize?h=x&w=1", [400, "invalid syntax"]),
  row("POST /containers/box/resize?h=1", [400, "invalid syntax"]),
  row("POST /containers/nobody/start", [404, nobody]),
  row("POST /containers/box/stop?t=x", [400, 'strconv.Atoi: parsing "x": invalid syntax']),
  row("POST /containers/nobody/stop?t=1", [404, nobody]),
  row("POST /containers/box/restart?t=x", [400, 'strconv.Atoi: parsing "x": invalid syntax']),
  row("POST /containers/nobody/restart?t=1", [404, nobody]),
  row("POST /containers/nobody/kill", [404, nobody]),
  row("POST /containers/nobody/update", [404, nobody], undefined, {}),
  row("POST /containers/box/update", [400, "cannot unmarshal"], undefined, { Memory: "x" }),
  row("POST /containers/box/rename", [400, "New name"]),
  row("POST /containers/nobody/rename?name=x", [404, nobody]),
  row("POST /containers/box/rename?name=made", [409, 'The container name "/made" is already in use']),
  row("POST /containers/nobody/pause", [404, nobody]),
  row("POST /containers/nobody/unpause", [404, nobody]),
  row("POST /containers/nobody/attach?stream=1&stdout=1", [404, nobody]),
  row("POST /containers/box/attach?detachKeys=nonsense", [400, "Invalid detach keys (nonsense) provided"]),
  row("GET /containers/box/attach/ws?detachKeys=nonsense", [400, "Invalid detach keys (nonsense) provided"]),
  row("POST /containers/nobody/wait", [404, nobody]),
  row("POST /containers/made/wait?condition=nonsense", [400, 'invalid condition: "nonsense"'], [200, ""]),
  row("DELETE /containers/nobody?v=1&force=1", [404, nobody]),
  row("DELETE /containers/box", [409, "running"]),
  row("DELETE /containers/box?link=1", [409, "link"]),
  row("HEAD /containers/box/archive", [400, ""]),
  row("GET /containers/box/archive", [400, "bad parameter: pathcannot be empty"]),
  row("PUT /containers/box/archive", [400, "bad parameter: pathcannot be empty"]),
  row("HEAD /containers/nobody/archive?path=/", [404, ""]),
  row("GET /containers/nobody/archive?path=/", [404, nobody]),
  row("PUT /containers/nobody/archive?path=/", [404, nobody]),
  row("GET /containers/box/archive?path=/nothing", [404, "Could not find the file /nothing in container box"]),
  row("PUT /containers/box/archive?path=/nothing", [404, "Could not find the file /nothing in container box"]),
  row("PUT /containers/box/archive?path=/etc/hostname", [400, "extraction point is not a directory"]),
  row("PUT /containers/sealed/archive?path=/", [403, "rootfs is marked read-only"]),
  row(`POST /containers/prune?filters=${filters({ nonsense: ["1"] })}`, [400, "invalid filter 'nonsense'"]),
  row(`POST /containers/prune?filters=${filters({ until: ["x"] })}`, [400, "x"]),
  row("POST /containers/nobody/exec", [404, nobody], undefined, { Cmd: ["true"] }),
  row("POST /containers/box/exec", [400, "No exec command specified"], undefined, {}),
  row("POST /containers/box/exec", [400, "cannot unmarshal"], undefined, { Cmd: ["true"], Tty: "yes" }),
  row("POST /containers/box/exec", [400, "Invalid detach keys"], [400, "Invalid escape keys"], {
    Cmd: ["true"],
    DetachKeys: "nonsense",
  }),
  row("POST /containers/held/exec", [409, "is paused, unpause the container before exec"], undefined, {
    Cmd: ["true"],
  }),
  row("POST /exec/nobody/start", [404, "No such exec instance: nobody"], undefined, {}),
  // 20.10 has sent its head when it sees that.
  row("POST /exec/EXEC/start", [409, "has already run"], [200, ""], {}),
  row("POST /exec/nobody/resize?h=1&w=1", [404, "No such exec instance: nobody"]),
  row("POST /exec/EXEC/resize?h=x&w=1", [400, "invalid syntax"]),
  row("GET /exec/nobody/json", [404, "No such exec instance: nobody"]),
  row("GET /events?since=x", [400, 'parsing "x": invalid syntax']),
  row("GET /events?until=x", [400, 'parsing "x": invalid syntax']),
  row("GET /events?until=1&filters=x", [400, "invalid filter"], [400, "invalid character 'x'"]),
  row("POST /auth", [400, "unexpected EOF"], undefined, "{"),
  row("GET /no/such/path", [404, "page not found"]),
];

/** Parameters of the API that cannot be, and what is not there. */
export function parameterCases(target: () => Target): void {
  test("parameters that cannot be are refused, and what is not there is told", async () => {
    // The API is the same whichever client starts the engine.
    if (target().client !== "docker") return;
    const sleeper = (name: string, ...flags: readonly string[]): Promise<string> =>
      target().ok(["run", "-d", "--name", name, ...flags, "busybox", "sleep", "600"]);
    await target().ok(["create", "--name", "made", "busybox"]);
    await sleeper("box");
    await sleeper("held");
    await sleeper("sealed", "--read-only");
    await target().ok(["pause", "held"]);
    const created = await target().api("POST", "/containers/box/exec", { Cmd: ["true"] });
    const { Id: exec } = JSON.parse(created.text) as { readonly Id: string };
    await target().api("POST", `/exec/${exec}/start`, { Detach: false });

    const isOlder = target().engine.kind === "dockerd";
    const told: unknown[] = [];
    const wanted: unknown[] = [];
    for (const { request, body, wanted: ours, older } of rows) {
      const [method = "", path = ""] = request.split(" ");
      const { status, text } = await ask(target(), method, path.replace("EXEC", exec), body);
      const [code, words] = isOlder ? (older ?? ours) : ours;
      const message = status < 400 || method === "HEAD" ? "" : messageOf(text);
      const holds = message.toLowerCase().includes(words.toLowerCase());
      // 20.10 takes some refusals for faults of its own.
      const isFault = isOlder && status === 500 && code >= 400;
      told.push({ request, status: isFault ? code : status, message: holds ? words : message });
      wanted.push({ request, status: code, message: words });
    }
    expect(told).toEqual(wanted);
    await target().ok(["unpause", "held"]);
  });

  test("a directory is replaced by a file, and a file by a directory, unless that is refused", async () => {
    await target().ok(["create", "--name", "made", "busybox"]);
    const put = async (query: string, entry: { readonly path: string; readonly content?: string }): Promise<string> => {
      const kind = entry.content === undefined ? { type: "directory" as const } : {};
      const response = await fetch(`http://engine/v1.41/containers/made/archive?path=/${query}`, {
        unix: target().engine.socket,
        method: "PUT",
        body: writeTar([{ ...entry, ...kind }]),
      });
      const text = await response.text();
      return response.status === 200 ? "200" : messageOf(text);
    };
    const sealed = "&noOverwriteDirNonDir=1";
    expect(await put("", { path: "thing" })).toBe("200");
    expect(await put(sealed, { path: "thing", content: "x" })).toMatch(
      /cannot overwrite directory .* with non-directory/,
    );
    expect(await put("", { path: "thing", content: "x" })).toBe("200");
    expect(await put(sealed, { path: "thing" })).toMatch(/cannot overwrite non-directory .* with directory/);
    expect(await put("", { path: "thing" })).toBe("200");
  });

  test("/_ping, /version and /info have what clients look for", async () => {
    const ping = async (method: string) => {
      const response = await fetch("http://engine/v1.41/_ping", { unix: target().engine.socket, method });
      const headers = ["builder-version", "cache-control", "pragma", "docker-experimental", "ostype", "content-type"];
      return [response.status, await response.text(), ...headers.map((name) => response.headers.get(name))];
    };
    const headers = ["no-cache, no-store, must-revalidate", "no-cache", "false", "linux", "text/plain; charset=utf-8"];
    // Which builder the engine recommends is its own.
    const shown = (answer: readonly unknown[]): readonly unknown[] => answer.filter((_item, index) => index !== 2);
    expect(shown(await ping("GET"))).toEqual([200, "OK", ...headers]);
    expect(shown(await ping("HEAD"))).toEqual([200, "", ...headers]);
    const get = async (path: string): Promise<Readonly<Record<string, unknown>>> =>
      JSON.parse((await target().api("GET", path)).text) as Record<string, unknown>;
    const version = await get("/version");
    for (const name of ["Platform", "Components", "Version", "ApiVersion", "MinAPIVersion", "Os", "Arch"])
      expect([name, typeof version[name]]).not.toEqual([name, "undefined"]);
    expect(version["Components"]).toContainEqual(
      expect.objectContaining({ Details: expect.objectContaining({ ApiVersion: version["ApiVersion"], Os: "linux" }) }),
    );
    const info = await get("/info");
    const names =
      "ID Containers Images Driver DriverStatus Plugins MemoryLimit SwapLimit CpuCfsPeriod CpuCfsQuota CPUShares CPUSet PidsLimit IPv4Forwarding Debug NFd OomKillDisable NGoroutines SystemTime LoggingDriver CgroupDriver CgroupVersion NEventsListener KernelVersion OperatingSystem OSVersion OSType Architecture IndexServerAddress RegistryConfig NCPU MemTotal GenericResources DockerRootDir HttpProxy HttpsProxy NoProxy Name Labels ExperimentalBuild ServerVersion Runtimes DefaultRuntime Swarm LiveRestoreEnabled Isolation InitBinary ContainerdCommit RuncCommit InitCommit SecurityOptions Warnings";
    expect(names.split(" ").filter((name) => !(name in info))).toEqual([]);
  });
}

/** With an end: what is taken where it should be refused may go on for ever. */
async function ask(
  { engine }: Target,
  method: string,
  path: string,
  body: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(`http://engine/v1.41${path}`, {
      unix: engine.socket,
      method,
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined
        ? {}
        : {
            body: typeof body === "string" ? body : JSON.stringify(body),
            headers: { "content-type": "application/json" },
          }),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    return { status: 0, text: String(error) };
  }
}

const messageOf = (text: string): string =>
  text.startsWith("{") ? (JSON.parse(text) as { readonly message: string }).message : text.trim();

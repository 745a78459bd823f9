import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ServedEngine } from "./testing/served-engine.ts";

let served: ServedEngine;
beforeEach(async () => {
  served = await ServedEngine.open();
});
afterEach(() => served.close());

describe("every answer", () => {
  test("ping says what an old client needs to know, also by HEAD", async () => {
    for (const method of ["GET", "HEAD"]) {
      const response = await served.call(method, "/_ping");
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(method === "GET" ? "OK" : "");
      const headers = Object.fromEntries(response.headers);
      expect(headers).toMatchObject({
        "api-version": "1.56",
        "docker-experimental": "false",
        ostype: "linux",
        server: "Berth/0.1.0 (linux)",
        "builder-version": "1",
        swarm: "inactive",
        "cache-control": "no-cache, no-store, must-revalidate",
        pragma: "no-cache",
      });
    }
  });

  const texts: readonly (readonly [string, string, string])[] = [
    ["GET", "/v1.99/version", "400 client version 1.99 is too new. Maximum supported API version is 1.56"],
    ["GET", "/v2.0/version", "400 client version 2.0 is too new. Maximum supported API version is 1.56"],
    [
      "GET",
      "/v1.10/version",
      "400 client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    ],
    ["GET", "/nothing", "404 page not found"],
    ["GET", "/v1.51/containers/x/nothing", "404 page not found"],
    ["GET", "/containers/nope/json", "404 No such container: nope"],
    ["GET", "/images/a/b:1/json", "404 No such image: a/b:1"],
    ["GET", "/exec/nope/json", "404 No such exec instance: nope"],
    ["POST", "/grpc", "501 not supported by this engine yet: POST /grpc"],
    ["GET", "/containers/%zz/json", "400 invalid URL escape in path"],
    ["GET", "/containers/json?filters=nonsense", "400 invalid filter"],
    ["GET", '/containers/json?filters={"color":["red"]}', "400 invalid filter 'color'"],
    [
      "GET",
      '/containers/json?filters={"status":["odd"]}',
      "400 invalid value for state (odd): must be one of created, dead, exited, paused, removing, restarting, running",
    ],
    ["POST", "/swarm/leave", "503 This node is not part of a swarm"],
    [
      "POST",
      "/swarm/init",
      "501 not supported by this engine: swarms, POST /swarm/init. Projects of many containers on one machine are what Compose is for.",
    ],
    [
      "GET",
      "/plugins/privileges?remote=vieux/sshfs",
      "501 not supported by this engine: plugins that are images, GET /plugins/privileges. Plugins of volumes run as programs beside the engine.",
    ],
    ["GET", '/plugins?filters={"nonsense":["true"]}', "400 invalid filter 'nonsense'"],
    ["GET", '/plugins?filters={"enabled":["x"]}', "400 invalid filter 'enabled=[x]'"],
    ...[
      "GET /plugins/a/b:c/json",
      "DELETE /plugins/a/b:c",
      "POST /plugins/a/b:c/set",
      "POST /plugins/a/b:c/upgrade",
    ].map((line): readonly [string, string, string] => {
      const [method = "", url = ""] = line.split(" ");
      return [method, url, '404 plugin "a/b:c" not found'];
    }),
    [
      "GET",
      "/services",
      '503 This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    ],
  ];
  for (const [method, url, expected] of texts) {
    test(`${method} ${url}`, async () => expect(await served.failure(method, url)).toBe(expected));
  }

  test("bodies that cannot be", async () => {
    const refused = (body: string, headers: Readonly<Record<string, string>> = {}): Promise<string> =>
      served.failure("POST", "/containers/create", body, headers);
    expect(await refused("{")).toBe("400 invalid JSON: unexpected EOF");
    expect(await refused("[]")).toBe(
      "400 invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest",
    );
    expect(await refused('{"Tty":"yes"}')).toBe(
      "400 invalid JSON: json: cannot unmarshal string into Go struct field CreateRequest.Tty of type bool",
    );
    expect(await refused('{"Image":"busybox","HostConfig":{"Memory":"1g"}}')).toBe(
      "400 invalid JSON: json: cannot unmarshal string into Go struct field HostConfig.HostConfig.Memory of type int64",
    );
    expect(await refused("null")).toBe("400 config cannot be empty in order to create a container");
    expect(await served.failure("POST", "/containers/create")).toBe(
      "400 invalid JSON: got EOF while reading request body",
    );
    expect(await refused("{}", { "Content-Type": "text/plain" })).toBe(
      "400 unsupported Content-Type header (text/plain): must be 'application/json'",
    );
    expect(await refused(" ".repeat(9 << 20))).toBe("400 request body is larger than 8388608 bytes");
    expect((await served.call("GET", "/_ping")).status).toBe(200);
  });

  test("unknown properties are ignored, names match without regard to case", async () => {
    const id = await served.create({
      cmd: ["echo", "x"],
      Future: { a: 1 },
      HostConfig: { future: 1, autoremove: true },
    });
    const body = (await (await served.call("GET", `/containers/${id}/json`)).json()) as {
      Path: string;
      HostConfig: { AutoRemove: boolean };
    };
    expect([body.Path, body.HostConfig.AutoRemove]).toEqual(["echo", true]);
  });

  test("old versions get the shapes they knew", async () => {
    const of = async (version: string): Promise<Readonly<Record<string, unknown>>> =>
      (await (await served.call("GET", `/v${version}/images/busybox/json`)).json()) as Record<string, unknown>;
    expect(await of("1.43")).toMatchObject({ VirtualSize: 1000, Container: "" });
    expect(Object.keys(await of("1.51"))).not.toContain("VirtualSize");
  });

  test("what a request of an old version could not say is not heard", async () => {
    const annotated = { Image: "busybox", Cmd: ["sleep"], HostConfig: { Annotations: { a: "b" } } };
    const made = async (version: string): Promise<string> => {
      const answer = await served.call("POST", `/v${version}/containers/create?platform=linux/riscv64`, annotated);
      return ((await answer.json()) as { Id: string }).Id;
    };
    const id = await made("1.40");
    const seen = await (await served.call("GET", `/containers/${id}/json`)).json();
    expect(seen).toMatchObject({ HostConfig: { IpcMode: "private" } });
    expect(seen).not.toHaveProperty("HostConfig.Annotations");
    expect(await made("1.51")).toBeUndefined();
    await served.call("POST", `/containers/${id}/start`);
    expect(await served.failure("POST", `/v1.42/containers/${id}/stop?signal=NOPE`)).toContain("invalid signal: NOPE");
    expect((await served.call("POST", `/v1.41/containers/${id}/stop?signal=NOPE`)).status).toBe(204);
  });

  test("lists and networks as old versions had them", async () => {
    await served.call("POST", "/containers/create?name=noted", {
      ...{ Image: "busybox", Cmd: ["sleep"], HostConfig: { Annotations: { a: "b" } } },
    });
    const listed = async (version: string): Promise<unknown> =>
      (await served.call("GET", `/v${version}/containers/json?all=1`)).json();
    expect(await listed("1.45")).toMatchObject([
      { HostConfig: expect.not.objectContaining({ Annotations: { a: "b" } }) },
    ]);
    expect(await listed("1.46")).toMatchObject([{ HostConfig: { Annotations: { a: "b" } } }]);
    const info = async (version: string): Promise<Record<string, unknown>> =>
      (await (await served.call("GET", `/v${version}/info`)).json()) as Record<string, unknown>;
    expect(await info("1.46")).toHaveProperty("RegistryConfig.AllowNondistributableArtifactsCIDRs", null);
    expect(await info("1.47")).not.toHaveProperty("RegistryConfig.AllowNondistributableArtifactsCIDRs");
  });

  test("304 has no body and 204 neither", async () => {
    const id = await served.create({ Cmd: ["sleep"] });
    expect((await served.call("POST", `/containers/${id}/stop`)).status).toBe(304);
    const started = await served.call("POST", `/containers/${id}/start`);
    expect([started.status, await started.text()]).toEqual([204, ""]);
    expect((await served.call("POST", `/containers/${id}/start`)).status).toBe(304);
    expect((await served.call("DELETE", `/containers/${id}?force=1`)).status).toBe(204);
  });
});

describe("streams", () => {
  test("wait sends its head before the container ends", async () => {
    const id = await served.create({ Cmd: ["exit", "3"] });
    const waiting = await served.call("POST", `/containers/${id}/wait?condition=next-exit`);
    expect(waiting.status).toBe(200);
    await served.call("POST", `/containers/${id}/start`);
    expect(await waiting.json()).toEqual({ StatusCode: 3 });
    expect(await served.failure("POST", `/containers/${id}/wait?condition=later`)).toBe(
      '400 invalid condition: "later"',
    );
  });

  test("a client that leaves stops its wait and its events", async () => {
    const id = await served.create({ Cmd: ["sleep"] });
    const leave = new AbortController();
    const { signal } = leave;
    const wait = served.call("POST", `/containers/${id}/wait?condition=removed`, undefined, {}, signal);
    const events = served.call("GET", "/events", undefined, {}, signal);
    const answers = await Promise.all([wait, events]);
    const bodies = answers.map((answer) => answer.text().catch(() => "left"));
    const info = async (): Promise<number> =>
      ((await (await served.call("GET", "/info")).json()) as { NEventsListener: number }).NEventsListener;
    expect(await info()).toBe(1);
    leave.abort();
    expect(await Promise.all(bodies)).toEqual(["left", "left"]);
    while ((await info()) !== 0) await Bun.sleep(5);
  });

  test("events are one JSON text a line, with the exact nanoseconds", async () => {
    const response = await served.call("GET", `/v1.51/events?filters=${encodeURIComponent('{"event":["create"]}')}`);
    const reader = response.body?.getReader();
    const id = await served.create({});
    const { value } = (await reader?.read()) ?? {};
    await reader?.cancel();
    const text = Buffer.from(value ?? []).toString();
    expect(text.endsWith("}\n")).toBe(true);
    expect(JSON.parse(text)).toMatchObject({
      Type: "container",
      Action: "create",
      status: "create",
      id,
      from: "busybox",
      scope: "local",
    });
    expect(text).toMatch(/"timeNano":17\d{17}\}/);
  });

  test("pull: progress lines, and a status when it fails before the first", async () => {
    const good = await served.call("POST", "/images/create?fromImage=busybox&tag=latest");
    expect(good.status).toBe(200);
    expect(good.headers.get("content-type")).toBe("application/json");
    expect(
      (await good.text())
        .trim()
        .split("\r\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { status: "Pulling from library/busybox", id: "latest" },
      { status: "Status: Image is up to date for busybox:latest" },
    ]);
    expect(await served.failure("POST", "/images/create?fromImage=nope&tag=latest")).toBe(
      "404 manifest for nope:latest not found: manifest unknown: manifest unknown",
    );
  });
});

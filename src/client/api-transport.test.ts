import { expect, test } from "bun:test";
import type { HttpClient, HttpRequest, HttpResponse } from "#host/http/http-client.ts";
import { ApiTransport } from "./api-transport.ts";

function answer(status: number, body: string, version: string | undefined): HttpResponse {
  const bytes = new TextEncoder().encode(body);
  return {
    status,
    reason: "",
    headers: new Map([
      ["content-type", "application/json"],
      ...(version === undefined ? [] : ([["api-version", version]] as const)),
    ]),
    async *body() {
      yield bytes;
    },
    bytes: async () => bytes,
    text: async () => body,
  };
}

/** A server of API `newest`, which refuses requests of a newer one as dockerd does. */
function serverOf(newest: string | undefined, act: (path: string) => readonly [number, string] = () => [200, "{}"]) {
  const asked: string[] = [];
  const http: HttpClient = {
    async request({ method, path }: HttpRequest) {
      asked.push(`${method} ${path}`);
      if (path === "/_ping") return answer(200, "", newest);
      const [, version = "", rest = ""] = /^\/v([\d.]+)(\/.*)$/.exec(path) ?? [];
      if (newest !== undefined && Number(version.slice(2)) > Number(newest.slice(2)))
        return answer(400, `{"message":"client version ${version} is too new"}`, newest);
      return answer(...act(rest), newest);
    },
    upgrade: () => Promise.reject(new Error("not asked for")),
    prepare: () => Promise.resolve(),
    close: () => undefined,
  };
  return { asked, transport: new ApiTransport({ http, hostName: "unix:///engine" }) };
}

test("the version is learned from the first answer, without asking for it", async () => {
  const { asked, transport } = serverOf("1.51");
  await transport.json("POST", "/containers/create", { json: {} });
  await transport.json("GET", "/info");
  expect(asked).toEqual(["POST /v1.51/containers/create", "GET /v1.51/info"]);
});

test("an older server gets the first call again in its own version, and later ones at once", async () => {
  const { asked, transport } = serverOf("1.41");
  await transport.json("POST", "/containers/create", { json: {} });
  expect(await transport.version()).toBe("1.41");
  await transport.json("GET", "/info");
  expect(asked).toEqual(["POST /v1.51/containers/create", "POST /v1.41/containers/create", "GET /v1.41/info"]);
});

test("a refusal that names no version is followed by the question for it", async () => {
  const asked: string[] = [];
  const http: HttpClient = {
    async request({ method, path }: HttpRequest) {
      asked.push(`${method} ${path}`);
      if (path === "/_ping") return answer(200, "", "1.30");
      return path.startsWith("/v1.30/") ? answer(200, "{}", undefined) : answer(400, "{}", undefined);
    },
    upgrade: () => Promise.reject(new Error("not asked for")),
    prepare: () => Promise.resolve(),
    close: () => undefined,
  };
  const transport = new ApiTransport({ http, hostName: "unix:///engine" });
  await transport.json("GET", "/info");
  expect(asked).toEqual(["GET /v1.51/info", "HEAD /_ping", "GET /v1.30/info"]);
});

test("a newer server's refusal is not asked for twice", async () => {
  const { asked, transport } = serverOf("1.55", () => [400, '{"message":"bad"}']);
  await expect(transport.json("GET", "/info")).rejects.toThrow("bad");
  expect(asked).toEqual(["GET /v1.51/info"]);
});

test("a body that can be read once waits for the version", async () => {
  const { asked, transport } = serverOf("1.41");
  async function* archive(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1);
  }
  await transport.send("POST", "/images/load", { body: archive() });
  expect(asked).toEqual(["HEAD /_ping", "POST /v1.41/images/load"]);
});

test("a server that does not tell its version is asked for it before the next call", async () => {
  const { asked, transport } = serverOf(undefined);
  await transport.json("GET", "/info");
  expect(await transport.version()).toBe("1.24");
  expect(asked).toEqual(["GET /v1.51/info", "HEAD /_ping"]);
});

test("what would change something is not sent once it is refused", async () => {
  const { asked, transport } = serverOf("1.99");
  transport.refuseChanges("not now");
  await transport.send("GET", "/containers/a/json");
  await transport.send("POST", "/containers/a/wait");
  await expect(transport.send("DELETE", "/containers/a")).rejects.toThrow("not now");
  await expect(transport.hijack("POST", "/exec/a/start")).rejects.toThrow("not now");
  expect(asked.map((line) => line.replace(/v[\d.]+/u, "V"))).toEqual([
    "GET /V/containers/a/json",
    "POST /V/containers/a/wait",
  ]);
});

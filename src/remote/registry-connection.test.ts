import { expect, test } from "bun:test";
import { messageOf } from "#base/errors.ts";
import { HttpFailure, type HttpAnswer, type HttpRequest } from "#host/web/registry-http.ts";
import { RegistryConnection } from "./registry-connection.ts";

const REGISTRY = "https://registry.example";
const tls = { authorities: ["ours"], certificate: "client", key: "secret" };

async function* nothing(): AsyncIterable<Uint8Array> {}

/** A connection to a registry that wants Basic and answers `locations` with redirects; what it sent, where to. */
function connect(locations: Readonly<Record<string, string>>) {
  const sent: HttpRequest[] = [];
  const reply = (status: number, headers: Readonly<Record<string, string>>): HttpAnswer => ({
    status,
    header: (name) => headers[name],
    body: nothing(),
    cancel: () => undefined,
  });
  const http = {
    send: async (request: HttpRequest): Promise<HttpAnswer> => {
      sent.push(request);
      const location = locations[request.url];
      const isOwn = request.url.startsWith(`${REGISTRY}/`);
      if (isOwn && request.headers["authorization"] === undefined)
        return reply(401, { "www-authenticate": 'Basic realm="x"' });
      return location === undefined ? reply(200, {}) : reply(307, { location });
    },
  };
  const connection = new RegistryConnection({
    http,
    candidates: [{ baseUrl: REGISTRY, tls, insecure: false, headers: { "x-team": "blue" } }],
    auth: { username: "me", password: "secret" },
    scope: undefined,
    remember: () => undefined,
  });
  const get = (path: string): Promise<string> =>
    connection.get({ path, signal: undefined }).then(
      ({ answer }) => String(answer.status),
      (error: unknown) => messageOf(error),
    );
  return { get, sent };
}

test("a redirect to another origin, private addresses too, carries neither credentials nor certificate nor headers", async () => {
  for (const elsewhere of [
    "https://10.0.0.1/blob",
    "https://169.254.169.254/latest/meta-data",
    "https://registry.example:8443/x",
    "https://[::1]/x",
  ]) {
    const { get, sent } = connect({ [`${REGISTRY}/v2/app/blobs/x`]: elsewhere });
    expect(await get("/v2/app/blobs/x")).toBe("200");
    const last = sent.at(-1);
    expect(last?.url).toBe(new URL(elsewhere).href);
    expect(last?.headers).not.toHaveProperty("authorization");
    expect(last?.headers).not.toHaveProperty("x-team");
    expect(last?.tls).toEqual({ insecure: false });
    expect(
      sent.filter(({ headers }) => "authorization" in headers).every(({ url }) => url.startsWith(`${REGISTRY}/`)),
    ).toBe(true);
  }
});

test("a redirect from encrypted to plain, or to what is no web address, is refused", async () => {
  for (const target of [
    "http://169.254.169.254/",
    "http://registry.example/v2/app/blobs/x",
    "file:///etc/passwd",
    "http://",
  ]) {
    const { get, sent } = connect({ [`${REGISTRY}/v2/app/blobs/x`]: target });
    expect(await get("/v2/app/blobs/x")).toContain("refusing to be redirected to");
    expect(sent.every(({ url }) => url.startsWith(`${REGISTRY}/`))).toBe(true);
  }
});

test("a detour through another origin gives the credentials back to the registry alone", async () => {
  const { get, sent } = connect({
    [`${REGISTRY}/v2/app/blobs/x`]: "https://cdn.example/x",
    "https://cdn.example/x": `${REGISTRY}/v2/app/blobs/y`,
  });
  expect(await get("/v2/app/blobs/x")).toBe("200");
  expect(sent.slice(-2).map(({ url, headers }) => [url, "authorization" in headers])).toEqual([
    ["https://cdn.example/x", false],
    [`${REGISTRY}/v2/app/blobs/y`, true],
  ]);
});

test("a server that wants HTTPS is not taken for one that speaks plain HTTP, whichever is tried first", async () => {
  const answer = (status: number): HttpAnswer => ({
    status,
    header: () => undefined,
    body: nothing(),
    cancel: () => undefined,
  });
  for (const isReachable of [true, false])
    for (const order of [
      ["https", "http"],
      ["http", "https"],
    ]) {
      const remembered: string[] = [];
      const connection = new RegistryConnection({
        http: {
          send: ({ url }) => {
            if (url.startsWith("http:")) return Promise.resolve(answer(400));
            if (isReachable) return Promise.resolve(answer(200));
            return Promise.reject(new HttpFailure("certificate", "x509: not ours", undefined));
          },
        },
        candidates: order.map((scheme) => ({ baseUrl: `${scheme}://r.example`, tls: undefined, insecure: true })),
        auth: undefined,
        scope: undefined,
        remember: ({ baseUrl }) => void remembered.push(baseUrl),
      });
      const got = connection.get({ path: "/v2/x", signal: undefined });
      if (isReachable) await got;
      else await expect(got).rejects.toThrow("x509: not ours");
      expect(remembered).toEqual(isReachable ? ["https://r.example"] : []);
    }
});

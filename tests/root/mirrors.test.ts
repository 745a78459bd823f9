/** Mirrors of any registry: asked first, by other names, without credentials, and passed over when they cannot help. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { AF_INET, SOCK_STREAM } from "#host/kernel/linux.ts";
import { FetchHttp } from "#host/web/registry-http.ts";
import { bind, close, listen, raw, socket } from "#host/kernel/syscalls.ts";
import { FallbackSource } from "#remote/fallback-source.ts";
import { RegistrySources } from "#remote/registry-sources.ts";
import type { RegistryRule } from "#remote/registry-rules.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { buildImage } from "../../tools/lab/image-writer.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { answerError, startFaultyRegistry, type FaultyRegistry } from "./image-registry.ts";

const image = (content: string) => buildImage({ layers: [writeTar([{ path: "file", content }])] });
const signal = new AbortController().signal;
const auth = { username: "me", password: "secret" };

let origin: FaultyRegistry;
let mirror: FaultyRegistry;
const seen: string[] = [];

beforeEach(async () => {
  origin = await startFaultyRegistry();
  mirror = await startFaultyRegistry();
  seen.length = 0;
  mirror.intercept = (request) => {
    seen.push(request.headers.authorization ?? "nobody");
    return false;
  };
});

afterEach(async () => {
  await origin.close();
  await mirror.close();
});

function sources(only: boolean): RegistrySources {
  const rule: RegistryRule = {
    prefix: `${origin.address}/team`,
    mirrors: [`http://${mirror.address}/copies/of`],
    only,
  };
  const settings = { insecureRegistries: [], mirrors: [], rules: [rule], certificateDirs: [], downloadAttempts: 1 };
  return new RegistrySources({ http: new FetchHttp(), settings });
}

test("a mirror answers under its own path and sees no credentials", async () => {
  const built = image("mirrored");
  mirror.add("copies/of/app", "1", built);
  const registries = sources(false);
  const source = registries.open(parseReference(`${origin.address}/team/app`), auth);
  expect((await source.manifest({ tag: "1" }, signal)).digest).toBe(built.digest);
  expect(
    (await registries.describe(parseReference(`${origin.address}/team/app:1`), auth, signal)).descriptor.digest,
  ).toBe(built.digest);
  expect(origin.requests).toEqual([]);
  expect(new Set(seen)).toEqual(new Set(["nobody"]));
});

test("what the mirror lacks, refuses or lies about comes from the registry, unless it is not to be asked", async () => {
  const built = image("original");
  origin.add("team/app", "1", built);
  origin.add("team/app", "2", built);
  mirror.add("copies/of/app", built.digest, { ...image("another"), digest: built.digest });
  const source = sources(false).open(parseReference(`${origin.address}/team/app`), auth);
  expect((await source.manifest({ tag: "1" }, signal)).digest).toBe(built.digest);
  expect((await source.manifest({ digest: built.digest }, signal)).bytes).toEqual(built.manifest);
  mirror.intercept = (_request, response) => {
    answerError(response, 403, "DENIED", "denied");
    return true;
  };
  expect((await source.manifest({ tag: "2" }, signal)).digest).toBe(built.digest);
  const alone = sources(true).open(parseReference(`${origin.address}/team/app`), auth);
  await expect(alone.manifest({ tag: "1" }, signal)).rejects.toThrow("denied");
});

test("other repositories of the registry are not looked for elsewhere, and nothing is pushed there", async () => {
  const built = image("own");
  origin.add("others/app", "1", built);
  const registries = sources(false);
  const source = registries.open(parseReference(`${origin.address}/others/app`), undefined);
  expect(source).not.toBeInstanceOf(FallbackSource);
  await source.manifest({ tag: "1" }, signal);
  await registries.openSink(parseReference(`${origin.address}/team/app`), undefined, []).hasBlob(built.digest, signal);
  expect(mirror.requests).toEqual([]);
});

test("a hosts.toml: in its order, each host for what it is there for, under its own path and with its headers", async () => {
  const built = image("listed");
  const folder = mkdtempSync(`${tmpdir()}/berth-hosts-`);
  const headers: unknown[] = [];
  try {
    const write = (text: string): void => {
      mkdirSync(`${folder}/${origin.address}`, { recursive: true });
      writeFileSync(`${folder}/${origin.address}/hosts.toml`, text);
    };
    const settings = { insecureRegistries: [], mirrors: [], rules: [], certificateDirs: [folder], downloadAttempts: 1 };
    const registries = new RegistrySources({ http: new FetchHttp(), settings });
    const open = () => registries.open(parseReference(`${origin.address}/app`), auth);
    origin.add("app", "1", built);
    mirror.intercept = (request, response) => {
      seen.push(request.headers.authorization ?? "nobody");
      headers.push(request.headers["x-team"]);
      const path = /^\/api\/app\/(manifests|blobs)\/([^?]+)\?ns=/.exec(request.url ?? "");
      if (path === null) return false;
      const body = path[1] === "manifests" ? built.manifest : (built.blobs.get(path[2] ?? "") ?? "");
      response.writeHead(200, { "content-type": built.mediaType }).end(body);
      return true;
    };
    write(`
[host."http://${mirror.address}/api"]
  capabilities = ["pull"]
  override_path = true
  [host."http://${mirror.address}/api".header]
    X-Team = "blue"
`);
    expect((await open().manifest({ tag: "1" }, signal)).digest).toBe(built.digest);
    expect(mirror.requests).toEqual([]);
    const [digest = "", bytes = new Uint8Array()] = [...built.blobs][0] ?? [];
    const chunks: Uint8Array[] = [];
    const descriptor = { digest, size: bytes.length, mediaType: "" };
    for await (const chunk of open().blob(descriptor, { signal, onRetry: () => {} })) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(bytes));
    expect(mirror.requests.at(-1)).toBe(`GET /api/app/blobs/${digest}?ns=${encodeURIComponent(origin.address)}`);
    expect(origin.requests.some((line) => line.includes("/blobs/"))).toBe(false);
    expect([new Set(seen), new Set(headers)]).toEqual([new Set(["nobody"]), new Set(["blue"])]);
    const asked = mirror.requests.length;
    expect((await registries.describe(parseReference(`${origin.address}/app:1`), auth, signal)).descriptor.digest).toBe(
      built.digest,
    );
    expect(mirror.requests).toHaveLength(asked);

    write(`server = "http://${mirror.address}"\ncapabilities = ["pull", "resolve"]\n`);
    mirror.add("app", "1", built);
    expect((await open().manifest({ tag: "1" }, signal)).digest).toBe(built.digest);
    expect(mirror.requests.at(-1)).toBe("GET /v2/app/manifests/1");
    expect(() => registries.openSink(parseReference(`${origin.address}/app`), auth, [])).toThrow("no host");
    write("nonsense = 1\n");
    expect(open).toThrow('hosts.toml: unknown key "nonsense"');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a host that does not answer a connection is passed over after its dial_timeout, and that alone is asked of others", async () => {
  const built = image("dialed");
  const folder = mkdtempSync(`${tmpdir()}/berth-hosts-`);
  const silent = await deafPort();
  try {
    mkdirSync(`${folder}/${origin.address}`, { recursive: true });
    const write = (timeout: string, host = `127.0.0.1:${silent.port}`): void =>
      writeFileSync(
        `${folder}/${origin.address}/hosts.toml`,
        `[host."http://${host}"]\n  dial_timeout = "${timeout}"\n`,
      );
    const settings = { insecureRegistries: [], mirrors: [], rules: [], certificateDirs: [folder], downloadAttempts: 1 };
    // Without dial_timeout it would be this long.
    const registries = new RegistrySources({ http: new FetchHttp({ headersMs: 3_600_000 }), settings });
    const open = () => registries.open(parseReference(`${origin.address}/app`), undefined);
    origin.add("app", "1", built);
    write("200ms");
    expect((await open().manifest({ tag: "1" }, signal)).digest).toBe(built.digest);
    await expect(open().manifest({ tag: "none" }, signal)).rejects.toThrow("manifest unknown");
    const alone = new RegistrySources({
      http: new FetchHttp({ headersMs: 3_600_000 }),
      settings: { ...settings, certificateDirs: [`${folder}/alone`] },
    });
    mkdirSync(`${folder}/alone/_default`, { recursive: true });
    writeFileSync(`${folder}/alone/_default/hosts.toml`, 'dial_timeout = "200ms"\n');
    await expect(
      alone.open(parseReference(`127.0.0.1:${silent.port}/app`), undefined).manifest({ tag: "1" }, signal),
    ).rejects.toThrow(`dial tcp 127.0.0.1:${silent.port}: i/o timeout`);
    // A connection that comes about is not bounded: this answer takes longer.
    mirror.add("app", "1", built);
    mirror.intercept = (request, response) => {
      if (request.url?.includes("/manifests/") !== true || response.headersSent) return false;
      setTimeout(() => response.writeHead(200, { "content-type": built.mediaType }).end(built.manifest), 5500);
      return true;
    };
    write("5s", mirror.address);
    expect((await open().manifest({ tag: "1" }, signal)).digest).toBe(built.digest);
    expect(mirror.requests.at(-1)).toStartWith("GET /v2/app/manifests/1?ns=");
  } finally {
    silent.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A port whose queue of connections is full: tcp(7) drops what asks for more, as a firewall does. */
async function deafPort(): Promise<{ readonly port: number; close(): void }> {
  const address = new Uint8Array(16);
  new DataView(address.buffer).setUint16(0, AF_INET, true);
  address.set([127, 0, 0, 1], 4);
  const fd = socket(AF_INET, SOCK_STREAM, 0);
  bind(fd, address);
  listen(fd, 0);
  const bytes = new Uint8Array(16);
  raw("getsockname", fd, bytes);
  const port = new DataView(bytes.buffer).getUint16(2);
  const waiting: Socket[] = [];
  // One that waits may only be late on a busy machine; of several that all wait none will be let in.
  for (let refused = 0; refused < 3;) {
    const next = connect({ host: "127.0.0.1", port });
    waiting.push(next);
    next.on("error", () => {});
    const isFull = await Promise.race([
      new Promise<boolean>((resolve) => next.once("connect", () => resolve(false))),
      Bun.sleep(300).then(() => true),
    ]);
    refused = isFull ? refused + 1 : 0;
  }
  return {
    port,
    close() {
      for (const one of waiting) one.destroy();
      close(fd);
    },
  };
}

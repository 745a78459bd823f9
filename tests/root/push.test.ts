/** Pushes to Debian's docker-registry and to registries that fail: only what is missing, digests kept, cut uploads taken up. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import type { Progress, Pushed, PushRequest } from "#image/types.ts";
import { command } from "../../tools/lab/command.ts";
import { startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { buildImage, sha256, type BuiltImage, type ImageRecipe } from "../../tools/lab/image-writer.ts";
import { findProgram } from "../../tools/lab/paths.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { openImageFixture, type ImageFixture } from "./image-fixture.ts";

let scratch = "";
let registry: RunningRegistry;
let fixture: ImageFixture;

beforeAll(async () => {
  if (process.getuid?.() !== 0) throw new Error("root tests need root");
  scratch = mkdtempSync(`${tmpdir()}/berth-push-`);
  registry = await startDebianRegistry({ dir: scratch });
});

afterAll(async () => {
  await registry.stop();
  rmSync(scratch, { recursive: true, force: true });
});

beforeEach(async () => {
  fixture = await openImageFixture();
});

afterEach(async () => {
  expect(fixture.unfinished()).toEqual([]);
  expect(fixture.leases.size).toBe(0);
  await fixture.dispose();
});

let counter = 0;
const fresh = (): string => `repo${++counter}`;
const layerOf = (content: string | Uint8Array): Uint8Array => writeTar([{ path: "file", content }]);

async function pulled(recipe: ImageRecipe, repository = fresh()): Promise<{ name: string; built: BuiltImage }> {
  const built = buildImage(recipe);
  await pushImage(registry.address, repository, "1", built);
  const name = `${registry.address}/${repository}`;
  await fixture.pull(`${name}:1`);
  return { name, built };
}

async function push(
  reference: string,
  more: Partial<PushRequest> = {},
): Promise<{ readonly lines: readonly Progress[]; readonly pushed: readonly Pushed[] }> {
  const lines: Progress[] = [];
  const pushed: Pushed[] = [];
  await fixture.images.push({
    reference,
    auth: undefined,
    onProgress: (line) => lines.push(line),
    onPushed: (one) => pushed.push(one),
    onPushedInstead: () => {},
    signal: new AbortController().signal,
    ...more,
  });
  return { lines, pushed };
}

const texts = (lines: readonly Progress[]): readonly string[] =>
  lines
    .filter((line) => line.progressDetail?.total === undefined)
    .map(({ status, id }) => `${id ?? ""} ${status}`.trim());

async function commit(reference: string, content: string): Promise<string> {
  const parent = await fixture.pull(`${(await pulled({ layers: [layerOf("base")] })).name}:1`);
  const upperDir = mkdtempSync(`${scratch}/upper-`);
  mkdirSync(`${upperDir}/dir`);
  writeFileSync(`${upperDir}/dir/new`, content);
  const made = await fixture.images.commit({
    parentId: parent.image.id,
    upperDir,
    config: {},
    author: "",
    comment: "",
    createdBy: "",
    created: "2024-01-01T00:00:00Z",
    reference,
  });
  return made.id;
}

test("what was pulled goes out byte for byte, with Docker's lines; another repository takes its layers over", async () => {
  for (const format of ["docker", "oci"] as const) {
    const { name, built } = await pulled({ layers: [layerOf(`a ${format}`), layerOf(`b ${format}`)], format });
    const image = await fixture.images.resolve(`${name}:1`);
    const [bottom, top] = image.diffIds.map((diffId) => diffId.slice(7, 19));
    const size = built.manifest.length;
    const same = await push(`${name}:1`);
    // Layers are asked about at the same time, and told of in the order of the answers.
    const [title, first, second, ...answers] = texts(same.lines);
    expect([title, first, second]).toEqual([
      `The push refers to repository [${name}]`,
      `${top} Preparing`,
      `${bottom} Preparing`,
    ]);
    expect(answers.slice(0, -1).toSorted()).toEqual(
      [`${top} Layer already exists`, `${bottom} Layer already exists`].toSorted(),
    );
    expect(answers.at(-1)).toBe(`1: digest: ${built.digest} size: ${size}`);
    expect(same.pushed).toEqual([{ tag: "1", digest: built.digest, sizeBytes: size }]);

    const other = `${registry.address}/${fresh()}`;
    await fixture.images.tag(image.id, `${other}:a`);
    await fixture.images.tag(image.id, `${other}:b`);
    const all = await push(other);
    expect(texts(all.lines)).toContain(`${top} Mounted from ${name.slice(registry.address.length + 1)}`);
    expect(all.pushed.map(({ tag, digest }) => `${tag} ${digest}`)).toEqual([`a ${built.digest}`, `b ${built.digest}`]);
    expect((await fixture.images.resolve(`${other}:a`)).repoDigests).toContain(`${other}@${built.digest}`);
  }
});

test("a committed image is compressed once, the same way each time, and skopeo reads it back", async () => {
  for (const compression of ["gzip", "zstd"] as const) {
    const name = `${registry.address}/${fresh()}`;
    const id = await commit(`${name}:1`, `hello ${compression}`);
    const first = await push(`${name}:1`, { compression });
    expect(texts(first.lines).filter((line) => line.endsWith(" Pushed"))).toHaveLength(1);
    const again = await push(`${name}:1`);
    expect(again.pushed).toEqual(first.pushed);
    expect(texts(again.lines).filter((line) => line.endsWith("already exists"))).toHaveLength(2);
    // The plain archive went; what is kept is what the registry has.
    const image = await fixture.images.resolve(`${name}:1`);
    expect(image.manifest.digest).toBe(first.pushed[0]?.digest ?? "");
    expect(fixture.blobs.has(image.diffIds[1] ?? "")).toBe(false);

    const skopeo = findProgram("skopeo") ?? "";
    const read = await command([skopeo, "inspect", "--tls-verify=false", `docker://${name}:1`]);
    expect(JSON.parse(read.stdout)).toMatchObject({ Digest: first.pushed[0]?.digest ?? "" });
    const copied = await command([
      skopeo,
      "copy",
      "--src-tls-verify=false",
      `docker://${name}:1`,
      `dir:${mkdtempSync(`${scratch}/dir-`)}`,
    ]);
    expect(copied.code).toBe(0);

    const other = await openImageFixture();
    const back = await other.pull(`${name}:1`);
    expect(back.image.id).toBe(id);
    await other.dispose();
  }
});

test("an image whose layer came with another image as another blob can be pushed, also when that image is gone", async () => {
  const layer = layerOf("shared");
  const zipped = await pulled({ layers: [layer], compression: "gzip" });
  const plain = await pulled({ layers: [layer], compression: "zstd", config: { User: "1" } });
  await fixture.images.remove({ nameOrId: `${zipped.name}:1`, force: false, prune: true, users: [] });
  const target = `${registry.address}/${fresh()}`;
  await fixture.images.tag((await fixture.images.resolve(`${plain.name}:1`)).id, `${target}:1`);
  await push(`${target}:1`);
  const other = await openImageFixture();
  const { image } = await other.pull(`${target}:1`);
  expect(image.diffIds).toEqual([sha256(layer)]);
  await other.dispose();
});

test("nothing to push is told in Docker's words", async () => {
  const { name } = await pulled({ layers: [layerOf("x")] });
  await expect(push(`${name}:2`)).rejects.toThrow(`tag does not exist: ${name}:2`);
  await expect(push("127.0.0.1:1/none")).rejects.toThrow(
    "An image does not exist locally with the tag: 127.0.0.1:1/none",
  );
  await expect(push(`${name}@${sha256(layerOf("x"))}`)).rejects.toThrow("cannot push a digest reference");
  await fixture.images.tag((await fixture.images.resolve(`${name}:1`)).id, "127.0.0.1:1/none:1");
  await expect(push("127.0.0.1:1/none:1")).rejects.toThrow("connection refused");
});

test("a damaged blob is told as such and does not reach the registry", async () => {
  const { name } = await pulled({ layers: [layerOf("fine")] });
  const image = await fixture.images.resolve(`${name}:1`);
  const digest = [...buildImage({ layers: [layerOf("fine")] }).blobs.keys()].find((blob) => blob !== image.id) ?? "";
  writeFileSync(fixture.blobs.path(digest), randomBytes(fixture.blobs.sizeOf(digest) ?? 0));
  const target = await proxy(() => false);
  await fixture.images.tag(image.id, `${target.address}/${fresh()}:1`);
  const tagged = (await fixture.images.resolve(image.id)).repoTags.find((tag) => tag.startsWith(target.address)) ?? "";
  await expect(push(tagged)).rejects.toThrow("is damaged on disk");
  await target.close();
});

/** A registry before the real one: what `intercept` does not answer goes through. */
async function proxy(
  intercept: (request: IncomingMessage, response: ServerResponse, forward: () => void) => boolean,
): Promise<{ readonly address: string; readonly requests: string[]; close(): Promise<void> }> {
  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers["content-range"] ?? ""}`.trim());
    const forward = (): void => {
      const [host = "", port = ""] = registry.address.split(":");
      const onward = httpRequest(
        { host, port, method: request.method, path: request.url, headers: request.headers },
        (answer) => {
          const headers = { ...answer.headers };
          response.writeHead(answer.statusCode ?? 500, headers);
          answer.pipe(response);
        },
      );
      onward.on("error", () => response.destroy());
      request.on("close", () => {
        if (!request.complete) onward.destroy();
      });
      request.pipe(onward);
    };
    if (!intercept(request, response, forward)) forward();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

test("an upload that breaks goes on where it stopped, or anew where the registry forgot it", async () => {
  const layer = layerOf(randomBytes(24 << 20));
  const { name } = await pulled({ layers: [layer], compression: "none" });
  const image = await fixture.images.resolve(`${name}:1`);
  for (const keeps of [true, false]) {
    let broken = 0;
    const kept: Buffer[] = [];
    const target = await proxy((request, response, forward) => {
      const breakOff = request.method === "PATCH" && broken++ === 0;
      let seen = 0;
      if (breakOff) {
        request.on("data", (chunk: Buffer) => {
          seen += chunk.length;
          if (seen > 12 << 20) request.socket.destroy();
        });
      }
      // Debian's registry forgets a broken upload; this one keeps what came, as the specification has it.
      if (!keeps || request.url?.includes("/blobs/uploads/") !== true) {
        if (breakOff) forward();
        return breakOff;
      }
      const size = (): number => kept.reduce((sum, chunk) => sum + chunk.length, 0);
      if (request.method === "PATCH") request.on("data", (chunk: Buffer) => kept.push(chunk));
      request.on("end", () => {
        const headers = { location: "/v2/x/blobs/uploads/one", range: `0-${size() - 1}` };
        response.writeHead({ POST: 202, PATCH: 202, GET: 204, PUT: 201 }[request.method ?? ""] ?? 405, headers).end();
      });
      if (request.method !== "PATCH") request.resume();
      return true;
    });
    const reference = `${target.address}/${fresh()}:1`;
    await fixture.images.tag(image.id, reference);
    const lines: Progress[] = [];
    // The keeping one has no blobs in the end, so the real registry behind it does not take the manifest.
    await push(reference, { onProgress: (line) => lines.push(line) }).catch((error: unknown) => {
      if (!keeps) throw error;
    });
    expect(texts(lines).some((line) => line.includes("Retrying in 1 second"))).toBe(true);
    const patches = target.requests.filter((line) => line.startsWith("PATCH"));
    expect(patches).toHaveLength(2);
    const resumed = Number(/ ([0-9]+)-[0-9]+$/.exec(patches[1] ?? "")?.[1] ?? 0);
    if (keeps) {
      expect(resumed).toBeGreaterThan(1 << 20);
      expect(sha256(Buffer.concat(kept).subarray(0, layer.length))).toBe(sha256(layer));
    } else expect(resumed).toBe(0);
    await target.close();
  }
});

test("a registry that is overloaded is asked again; one that forgets the upload gets it anew", async () => {
  const { name } = await pulled({ layers: [layerOf(randomBytes(4 << 20))] });
  const failures = new Map<string, number>();
  const target = await proxy((request, response) => {
    const times = failures.get(request.method ?? "") ?? 0;
    failures.set(request.method ?? "", times + 1);
    if (times > 0 || request.method === "GET") return false;
    request.resume();
    request.on("end", () => response.writeHead(request.method === "PATCH" ? 404 : 503, { "retry-after": "0" }).end());
    return true;
  });
  const reference = `${target.address}/${fresh()}:1`;
  await fixture.images.tag((await fixture.images.resolve(`${name}:1`)).id, reference);
  expect((await push(reference)).pushed).toHaveLength(1);
  await target.close();
});

test("credentials go to nobody but the registry; what lies about its digest or sends one in circles is refused", async () => {
  const { name } = await pulled({ layers: [layerOf(randomBytes(2 << 20))] });
  const image = await fixture.images.resolve(`${name}:1`);
  const seen: string[] = [];
  const thief = await proxy((request, response) => {
    seen.push(String(request.headers.authorization));
    request.resume();
    request.on("end", () => response.writeHead(202, { location: "/again" }).end());
    return true;
  });
  const pushTo = async (answer: (request: IncomingMessage, response: ServerResponse) => boolean): Promise<unknown> => {
    const target = await proxy((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
        return true;
      }
      return answer(request, response);
    });
    const reference = `${target.address}/${fresh()}:1`;
    await fixture.images.tag(image.id, reference);
    const outcome = await push(reference, { auth: { username: "bob", password: "secret" } }).catch(
      (error: unknown) => error,
    );
    await target.close();
    return outcome;
  };
  const end = (request: IncomingMessage, answer: () => void): true => {
    request.resume();
    request.on("end", answer);
    return true;
  };
  // An upload's place elsewhere, a redirect elsewhere, and a redirect that never ends.
  await pushTo((request, response) =>
    request.method === "POST"
      ? end(request, () => response.writeHead(202, { location: `http://${thief.address}/upload` }).end())
      : end(request, () => response.writeHead(404).end()),
  );
  await pushTo((request, response) =>
    request.method === "POST"
      ? end(request, () => response.writeHead(307, { location: `http://${thief.address}/other` }).end())
      : end(request, () => response.writeHead(404).end()),
  );
  expect(seen.length).toBeGreaterThan(1);
  expect(new Set(seen)).toEqual(new Set(["undefined"]));
  expect(
    String(
      await pushTo((request, response) =>
        request.url === "/v2/"
          ? end(request, () => response.end("{}"))
          : end(request, () => response.writeHead(307, { location: request.url ?? "" }).end()),
      ),
    ),
  ).toContain("stopped after 10 redirects");
  expect(
    String(
      await pushTo((request, response) =>
        request.method === "PUT" && request.url?.includes("/manifests/") === true
          ? end(request, () => response.writeHead(201, { "docker-content-digest": sha256(layerOf("other")) }).end())
          : end(request, () => response.writeHead(200).end()),
      ),
    ),
  ).toContain("the registry took manifest");
  await thief.close();
});

test("a push that is given up stops at once", async () => {
  const { name } = await pulled({ layers: [layerOf(randomBytes(2 << 20))] });
  const stop = new AbortController();
  const target = await proxy((request) => {
    if (request.method !== "PATCH") return false;
    stop.abort();
    return true;
  });
  const reference = `${target.address}/${fresh()}:1`;
  await fixture.images.tag((await fixture.images.resolve(`${name}:1`)).id, reference);
  await expect(push(reference, { signal: stop.signal })).rejects.toMatchObject({ kind: "cancelled" });
  await target.close();
});

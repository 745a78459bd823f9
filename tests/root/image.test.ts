import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { isBerthError } from "#base/errors.ts";
import { withFd } from "#host/files/files.ts";
import { MNT_DETACH, O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { lgetxattr, mount, open, umount } from "#host/kernel/syscalls.ts";
import type { Progress } from "#image/types.ts";
import { unpackLayer, type UnpackedLayer } from "#image/unpack/unpack-layer.ts";
import { eventually } from "../../tools/lab/command.ts";
import { buildImage, buildIndex, sha256, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { writeTar, type TarEntry } from "../../tools/lab/tar-writer.ts";
import { openImageFixture, type ImageFixture } from "./image-fixture.ts";
import { answerError, sendBytes, startFaultyRegistry, type FaultyRegistry } from "./image-registry.ts";

let scratch = "";

beforeEach(() => {
  expect(process.getuid?.()).toBe(0);
  scratch = mkdtempSync(`${tmpdir()}/berth-unpack-`);
});

afterEach(() => {
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n").toReversed()) {
    const target = line.split(" ")[4];
    if (target?.startsWith(scratch) === true) umount(target, MNT_DETACH);
  }
  rmSync(scratch, { recursive: true, force: true });
});

async function unpack(
  entries: readonly TarEntry[] | Uint8Array,
  chunkSize = 1 << 20,
): Promise<{ tree: string; result: UnpackedLayer }> {
  const tree = mkdtempSync(`${scratch}/layer-`);
  const bytes = entries instanceof Uint8Array ? entries : writeTar(entries);
  async function* chunks(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
  }
  const fd = open(tree, O_RDONLY | O_DIRECTORY);
  return withFdAsync(fd, async () => ({ tree, result: await unpackLayer(chunks(), fd) }));
}

async function withFdAsync<T>(fd: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    withFd(fd, () => undefined);
  }
}

/** Mount the trees (bottom first) read-only as one. */
function overlay(trees: readonly string[]): string {
  const target = mkdtempSync(`${scratch}/merged-`);
  mount("overlay", target, "overlay", 1, `lowerdir=${trees.toReversed().join(":")}`);
  return target;
}

async function failure(work: Promise<unknown>): Promise<{ kind: string; message: string }> {
  try {
    await work;
  } catch (error) {
    if (isBerthError(error)) return { kind: error.kind, message: error.message };
    throw error;
  }
  throw new Error("it did not fail");
}

const dir = (path: string, more: Partial<TarEntry> = {}): TarEntry => ({
  path,
  type: "directory",
  mode: 0o755,
  ...more,
});

describe("unpacking a layer", () => {
  test("keeps owner, mode, time, attributes, links and devices exactly, in pieces of any size", async () => {
    const entries: TarEntry[] = [
      dir("./", { mode: 0o711, modifiedAt: 1000 }),
      dir("usr/", { modifiedAt: 2000 }),
      {
        path: "usr/tool",
        mode: 0o4755,
        uid: 12,
        gid: 34,
        content: "#!x",
        modifiedAt: 3000,
        xattrs: {
          "user.note": "hello",
          "security.capability": Buffer.from("0100000200040000000000000000000000000000", "hex"),
        },
      },
      { path: "usr/again", type: "hardlink", link: "usr/tool" },
      { path: "usr/link", type: "symlink", link: "../../../../etc/shadow", uid: 7, gid: 8, modifiedAt: 4000 },
      { path: "usr/null", type: "character", major: 1, minor: 3, mode: 0o666 },
      { path: "usr/pipe", type: "fifo", mode: 0o640 },
      { path: "usr/loop", type: "block", major: 7, minor: 300, mode: 0o600 },
      { path: "implied/a/b", content: "x".repeat(5000), mode: 0o777 },
      { path: `${"long/".repeat(60)}name`, content: "" },
      dir("tmp/", { mode: 0o1777 }),
      dir("group/", { mode: 0o2775, gid: 50 }),
      { path: "group/file", mode: 0o644 },
    ];
    for (const size of [1, 511, 512, 513, 1 << 20]) {
      const { tree, result } = await unpack(entries, size);
      expect(result.diffId).toBe(sha256(writeTar(entries)));
      // Two files, and the link that is as long as its target.
      expect(result.sizeBytes).toBe(5003 + 22);
      const tool = lstatSync(`${tree}/usr/tool`);
      expect([tool.mode & 0o7777, tool.uid, tool.gid, tool.mtimeMs, tool.nlink]).toEqual([
        0o4755, 12, 34, 3_000_000, 2,
      ]);
      expect(lstatSync(`${tree}/usr/again`).ino).toBe(tool.ino);
      expect(Buffer.from(lgetxattr(`${tree}/usr/tool`, "user.note") ?? []).toString()).toBe("hello");
      expect(lgetxattr(`${tree}/usr/tool`, "security.capability")?.length).toBe(20);
      const link = lstatSync(`${tree}/usr/link`);
      expect([link.uid, link.gid, link.mtimeMs, link.isSymbolicLink()]).toEqual([7, 8, 4_000_000, true]);
      expect(lstatSync(`${tree}/usr/null`).rdev).toBe(0x103);
      expect(lstatSync(`${tree}/usr/null`).mode & 0o777).toBe(0o666);
      expect(lstatSync(`${tree}/usr/pipe`).isFIFO()).toBe(true);
      expect(lstatSync(`${tree}/usr/loop`).isBlockDevice()).toBe(true);
      expect(lstatSync(tree).mode & 0o7777).toBe(0o711);
      expect([lstatSync(tree).mtimeMs, lstatSync(`${tree}/usr`).mtimeMs]).toEqual([1_000_000, 2_000_000]);
      expect(lstatSync(`${tree}/implied`).mode & 0o777).toBe(0o755);
      expect(lstatSync(`${tree}/implied/a/b`).mode & 0o777).toBe(0o777);
      expect(lstatSync(`${tree}/tmp`).mode & 0o7777).toBe(0o1777);
      expect([lstatSync(`${tree}/group`).mode & 0o7777, lstatSync(`${tree}/group/file`).gid]).toEqual([0o2775, 0]);
      expect(existsSync(`${tree}/${"long/".repeat(60)}name`)).toBe(true);
      rmSync(tree, { recursive: true });
    }
  });

  test("a later member replaces an earlier one, whatever the two are", async () => {
    const { tree } = await unpack([
      { path: "a", content: "one" },
      { path: "a", content: "two" },
      dir("b/"),
      { path: "b/inner/deep", content: "x" },
      { path: "b", content: "file now" },
      { path: "c", type: "symlink", link: "a" },
      dir("c/"),
      { path: "c/in", content: "in" },
      dir("d/", { mode: 0o700 }),
      { path: "d/kept", content: "kept" },
      dir("d/", { mode: 0o750 }),
      { path: "e", content: "target" },
      { path: "f", type: "symlink", link: "e" },
      { path: "f", content: "no longer a link" },
    ]);
    expect(readFileSync(`${tree}/a`, "utf8")).toBe("two");
    expect(readFileSync(`${tree}/b`, "utf8")).toBe("file now");
    expect(readFileSync(`${tree}/c/in`, "utf8")).toBe("in");
    expect(readFileSync(`${tree}/d/kept`, "utf8")).toBe("kept");
    expect(statSync(`${tree}/d`).mode & 0o777).toBe(0o750);
    expect(readFileSync(`${tree}/e`, "utf8")).toBe("target");
  });

  test("whiteouts and opaque folders hide what is below, and only that", async () => {
    const lower = await unpack([
      dir("d/"),
      { path: "d/hidden", content: "x" },
      { path: "d/kept", content: "k" },
      dir("o/"),
      { path: "o/below", content: "b" },
      dir("r/"),
      { path: "r/below", content: "b" },
      dir("s/"),
      { path: "s/below", content: "b" },
    ]);
    const upper = await unpack([
      { path: "d/.wh.hidden" },
      { path: "o/above", content: "a" },
      { path: "o/.wh..wh..opq" },
      { path: ".wh.r" },
      dir("r/"),
      { path: "r/above", content: "a" },
      dir("s/"),
      { path: "s/above", content: "a" },
      { path: ".wh.s" },
      { path: ".wh..wh.plnk/1.2", content: "aufs" },
      { path: ".wh.never-there" },
    ]);
    const merged = overlay([lower.tree, upper.tree]);
    expect(readdirSync(merged).sort()).toEqual(["d", "o", "r", "s"]);
    expect(readdirSync(`${merged}/d`)).toEqual(["kept"]);
    for (const name of ["o", "r", "s"]) expect(readdirSync(`${merged}/${name}`)).toEqual(["above"]);
  });

  test("no name or link of a layer reaches outside", async () => {
    const outside = `${scratch}/outside`;
    mkdirSync(outside);
    writeFileSync(`${outside}/secret`, "secret");
    const { tree } = await unpack(
      [
        { path: "/absolute", content: "a" },
        { path: "/../rooted", content: "r" },
        { path: "a/../within", content: "w" },
        { path: "abs", type: "symlink", link: outside },
        { path: "abs/planted", content: "p" },
        { path: "up", type: "symlink", link: "../../../../../../.." },
        { path: "up/tmp/planted", content: "p" },
        { path: "proc", type: "symlink", link: "/proc/self/root" },
      ].slice(0, 3) as TarEntry[],
    );
    expect(readdirSync(tree).sort()).toEqual(["absolute", "rooted", "within"]);
    // Through links the kernel looks below the layer's own root, where nothing of the kind is.
    for (const [link, below] of [
      [outside, "planted"],
      ["../../../../../../..", `${scratch.slice(1)}/outside/planted`],
      ["/proc/self/root", `${scratch.slice(1)}/outside/planted`],
    ] as const) {
      await unpack([
        { path: "l", type: "symlink", link },
        { path: `l/${below}`, content: "p" },
      ]).catch(() => undefined);
      expect(readdirSync(outside)).toEqual(["secret"]);
    }
    expect(await failure(unpack([{ path: "../evil", content: "x" }]))).toEqual({
      kind: "invalid-parameter",
      message: '"../evil" is outside of the layer',
    });
    expect((await failure(unpack([{ path: "x", type: "hardlink", link: "../outside/secret" }]))).message).toContain(
      "outside of the layer",
    );
    expect((await failure(unpack([{ path: "x", type: "hardlink", link: `${outside}/secret` }]))).message).toBe(
      `open ${outside}: no such file or directory`,
    );
    expect((await failure(unpack([{ path: "d/.wh..", content: "" }]))).message).toContain("no valid whiteout");
    expect(readFileSync(`${outside}/secret`, "utf8")).toBe("secret");
  });

  test("an image cannot steer the overlay mount by attributes", async () => {
    const { tree, result } = await unpack([
      dir("d/", { xattrs: { "trusted.overlay.redirect": "/etc", "trusted.overlay.opaque": "y", "user.fine": "1" } }),
    ]);
    expect(lgetxattr(`${tree}/d`, "trusted.overlay.redirect")).toBeUndefined();
    expect(lgetxattr(`${tree}/d`, "trusted.overlay.opaque")).toBeUndefined();
    expect(lgetxattr(`${tree}/d`, "user.fine")?.length).toBe(1);
    expect(result.warnings).toHaveLength(2);
  });

  test("an archive that stops early or holds nonsense is told as such", async () => {
    const tar = writeTar([{ path: "a", content: "x".repeat(2000) }]);
    expect((await failure(unpack(tar.subarray(0, 1500)))).message).toBe("unexpected EOF");
    const damaged = Buffer.from(tar);
    damaged.fill(0xff, 0, 50);
    expect((await failure(unpack(damaged))).message).toBe("archive/tar: invalid tar header");
    expect((await failure(unpack(gzipSync(tar).subarray(0, 40)))).kind).toBe("data-loss");
    expect((await failure(unpack(Buffer.from("BZh91AY&SY")))).kind).toBe("not-implemented");
    expect(
      (
        await failure(
          unpack([
            { path: "a", content: "x" },
            { path: "a/b", content: "y" },
          ]),
        )
      ).message,
    ).toBe("mkdir /a: not a directory");
  });

  test("a full disk is told by Docker's words", async () => {
    const small = `${scratch}/small`;
    mkdirSync(small);
    mount("tmpfs", small, "tmpfs", 0, "size=64k");
    const bytes = writeTar([{ path: "dir/big", content: "x".repeat(200_000) }]);
    const fd = open(small, O_RDONLY | O_DIRECTORY);
    const work = withFdAsync(fd, () =>
      unpackLayer(
        (async function* () {
          yield bytes;
        })(),
        fd,
      ),
    );
    expect(await failure(work)).toEqual({
      kind: "resource-exhausted",
      message: "write /dir/big: no space left on device",
    });
  });
});

describe("pulling", () => {
  let registry: FaultyRegistry;
  let fixture: ImageFixture;

  beforeEach(async () => {
    registry = await startFaultyRegistry();
    fixture = await openImageFixture();
  });

  afterEach(async () => {
    const left = fixture.unfinished();
    const leases = fixture.leases.size;
    await fixture.dispose();
    await registry.close();
    expect(left).toEqual([]);
    expect(leases).toBe(0);
  });

  const layer = (name: string, size = 10): Uint8Array => writeTar([{ path: name, content: Buffer.alloc(size, name) }]);
  const image = (...layers: Uint8Array[]): BuiltImage => buildImage({ layers });
  const layerDigests = (built: BuiltImage): string[] =>
    (JSON.parse(Buffer.from(built.manifest).toString()) as { layers: { digest: string }[] }).layers.map(
      (one) => one.digest,
    );

  test("gzip, zstd and plain layers of both manifest formats, by tag and digest", async () => {
    for (const compression of ["gzip", "zstd", "none"] as const) {
      for (const format of ["docker", "oci"] as const) {
        const built = buildImage({ layers: [layer(compression), layer(format)], compression, format });
        registry.add("kinds", `${compression}-${format}`, built);
        const { image: stored } = await fixture.pull(`${registry.address}/kinds:${compression}-${format}`);
        expect(stored.layers.map((one) => readdirSync(one.path))).toEqual([[compression], [format]]);
        expect(stored.repoDigests).toContain(`${registry.address}/kinds@${built.digest}`);
        await fixture.pull(`${registry.address}/kinds@${built.digest}`);
      }
    }
    // The same tree in another compression is the same layer.
    expect(fixture.layers.all()).toHaveLength(5);
  });

  test("the progress lines are Docker's", async () => {
    const shared = layer("shared");
    registry.add("app", "v1", image(shared));
    registry.add("app", "v2", image(shared, layer("second")));
    await fixture.pull(`${registry.address}/app:v1`);
    const { lines } = await fixture.pull(`${registry.address}/app:v2`);
    const built = image(shared, layer("second"));
    const [first, second] = layerDigests(built).map((digest) => digest.slice(7, 19));
    expect(
      lines
        .filter((line) => line.status !== "Downloading" && line.status !== "Extracting")
        .map((line) => `${line.id ?? ""} ${line.status}`),
    ).toEqual([
      "v2 Pulling from app",
      `${first} Already exists`,
      `${second} Pulling fs layer`,
      `${second} Verifying Checksum`,
      `${second} Download complete`,
      `${second} Pull complete`,
      ` Digest: ${built.digest}`,
      ` Status: Downloaded newer image for ${registry.address}/app:v2`,
    ]);
    const again = await fixture.pull(`${registry.address}/app:v2`);
    expect(again.lines.at(-1)?.status).toBe(`Status: Image is up to date for ${registry.address}/app:v2`);
  });

  test("an index gives the platform asked for, or none", async () => {
    const amd64 = buildImage({ layers: [layer("amd64")], architecture: "amd64" });
    const armV7 = buildImage({ layers: [layer("arm")], architecture: "arm" });
    registry.add("multi", "amd64", amd64);
    registry.add("multi", "arm", armV7);
    const index = buildIndex([
      { image: amd64, architecture: "amd64" },
      { image: armV7, architecture: "arm", variant: "v7" },
    ]);
    registry.add("multi", "latest", index);
    const arm = await fixture.pull(`${registry.address}/multi`, { platform: { os: "linux", architecture: "arm64" } });
    expect(arm.image.config.architecture).toBe("arm");
    expect(arm.image.repoDigests).toEqual([`${registry.address}/multi@${index.digest}`]);
    expect(
      await failure(fixture.pull(`${registry.address}/multi`, { platform: { os: "linux", architecture: "s390x" } })),
    ).toEqual({
      kind: "not-found",
      message: "no matching manifest for linux/s390x in the manifest list entries",
    });
  });

  test("refusals are told in Docker's words and leave nothing", async () => {
    const reference = `${registry.address}/refused`;
    expect(await failure(fixture.pull(reference))).toEqual({
      kind: "not-found",
      message: `manifest for ${reference}:latest not found: manifest unknown: manifest unknown`,
    });
    registry.intercept = (request, response) => {
      if (request.url === "/v2/") return false;
      answerError(response, 403, "DENIED", "requested access to the resource is denied");
      return true;
    };
    expect(await failure(fixture.pull(reference))).toEqual({
      kind: "not-found",
      message: `pull access denied for ${reference}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
    });
    registry.intercept = (_request, response) => {
      response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
      return true;
    };
    expect((await failure(fixture.pull(reference))).message).toBe(
      `Get "http://${registry.address}/v2/": no basic auth credentials`,
    );
    registry.intercept = (_request, response) => {
      response
        .writeHead(200, { "content-type": "application/vnd.docker.distribution.manifest.v1+prettyjws" })
        .end('{"schemaVersion":1}');
      return true;
    };
    expect((await failure(fixture.pull(reference))).kind).toBe("not-implemented");
    expect(await fixture.images.list()).toEqual([]);
    expect(fixture.blobs.list()).toEqual([]);
  });

  test("a damaged, cut off or lying layer leaves nothing", async () => {
    const built = image(layer("a", 50_000));
    const [digest = ""] = layerDigests(built);
    const bytes = built.blobs.get(digest) ?? new Uint8Array();
    registry.add("bad", "latest", built);
    const damaged = Buffer.from(bytes);
    damaged[30] = (damaged[30] ?? 0) ^ 0xff;
    registry.addBlob(digest, damaged);
    expect(await failure(fixture.pull(`${registry.address}/bad`))).toEqual({
      kind: "data-loss",
      message: `filesystem layer verification failed for digest ${digest}`,
    });
    registry.addBlob(digest, Buffer.concat([bytes, Buffer.alloc(100)]));
    expect((await failure(fixture.pull(`${registry.address}/bad`))).message).toContain("verification failed");
    // The config names another tree than the layer holds.
    const other = image(layer("b", 50_000));
    const lying = JSON.parse(Buffer.from(built.manifest).toString()) as { config: unknown };
    lying.config = (JSON.parse(Buffer.from(other.manifest).toString()) as { config: unknown }).config;
    const manifest = Buffer.from(JSON.stringify(lying));
    registry.add("lying", "latest", {
      ...built,
      manifest,
      digest: sha256(manifest),
      blobs: new Map([...built.blobs, ...other.blobs, [digest, bytes]]),
    });
    expect(await failure(fixture.pull(`${registry.address}/lying`))).toEqual({
      kind: "data-loss",
      message: "layers from manifest don't match image configuration",
    });
    // A good digest over a malformed archive.
    registry.add("malformed", "latest", buildImage({ layers: [Buffer.alloc(2000, "tar?")] }));
    expect(await failure(fixture.pull(`${registry.address}/malformed`))).toEqual({
      kind: "invalid-parameter",
      message: "failed to register layer: archive/tar: invalid tar header (checksum is no number)",
    });
    expect(fixture.layers.all()).toEqual([]);
    expect(fixture.blobs.list()).toEqual([]);
    expect(await fixture.images.list()).toEqual([]);
  });

  test("a broken transfer is taken up where it stopped; 5xx and 429 are tried again", async () => {
    const built = image(layer("a", 3_000_000));
    const [digest = ""] = layerDigests(built);
    const bytes = built.blobs.get(digest) ?? new Uint8Array();
    registry.add("flaky", "latest", built);
    const ranges: (string | undefined)[] = [];
    const lines: Progress[] = [];
    const hasCome = (count: number): boolean => lines.some(({ progressDetail }) => progressDetail?.current === count);
    let refusals = 2;
    registry.intercept = (request, response) => {
      if (request.url?.includes("/manifests/") === true && refusals-- > 0) {
        response.writeHead(refusals === 1 ? 503 : 429).end();
        return true;
      }
      if (request.url?.endsWith(digest) !== true) return false;
      ranges.push(request.headers.range);
      if (ranges.length > 2) return false;
      const from = Number(/=([0-9]+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(from === 0 ? 200 : 206, {
        "content-length": bytes.length - from,
        "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
      });
      response.write(bytes.subarray(from, from + 1000));
      void eventually("they are there", () => hasCome(from + 1000) || undefined).then(() => response.destroy());
      return true;
    };
    const onProgress = (line: Progress): void => void lines.push(line);
    const { image: stored } = await fixture.pull(`${registry.address}/flaky`, { onProgress });
    expect(ranges).toEqual([undefined, "bytes=1000-", "bytes=2000-"]);
    expect(statSync(`${stored.layers[0]?.path}/a`).size).toBe(3_000_000);
    expect(lines.some((line) => line.status === "Retrying in 1 second")).toBe(true);
  });

  test("a registry that ignores Range, and redirects that must not carry credentials", async () => {
    const built = image(layer("a", 2_000_000));
    const [digest = ""] = layerDigests(built);
    const bytes = built.blobs.get(digest) ?? new Uint8Array();
    registry.add("private", "latest", built);
    const storage = await startFaultyRegistry();
    try {
      const seen: (string | undefined)[] = [];
      let tries = 0;
      storage.intercept = (request, response) => {
        seen.push(request.headers.authorization);
        if (tries++ > 0) response.writeHead(200, { "content-length": bytes.length }).end(bytes);
        else {
          response.writeHead(200, { "content-length": bytes.length });
          response.write(bytes.subarray(0, 5000), () => setTimeout(() => response.destroy(), 300));
        }
        return true;
      };
      const wanted = `Basic ${Buffer.from("me:secret").toString("base64")}`;
      registry.intercept = (request, response) => {
        if (request.headers.authorization !== wanted)
          response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
        else if (request.url?.endsWith(digest) === true)
          response.writeHead(307, { location: `http://${storage.address}/data` }).end();
        else return false;
        return true;
      };
      await fixture.pull(`${registry.address}/private`, { auth: { username: "me", password: "secret" } });
      expect(seen).toEqual([undefined, undefined]);
      expect(
        (await failure(fixture.pull(`${registry.address}/private`, { auth: { username: "me", password: "wrong" } })))
          .kind,
      ).toBe("unauthorized");
    } finally {
      await storage.close();
    }
  });

  test("token authentication: anonymous, by password and by identity token", async () => {
    registry.add("team/app", "latest", image(layer("a")));
    const asked: string[] = [];
    registry.intercept = (request, response) => {
      const url = new URL(request.url ?? "", `http://${registry.address}`);
      if (url.pathname === "/token") {
        asked.push(`${request.method} ${url.search} ${request.headers.authorization ?? "-"}`);
        if (request.headers.authorization === `Basic ${Buffer.from("u:bad").toString("base64")}`) {
          response.writeHead(401).end('{"details":"incorrect username or password"}');
        } else response.end(request.method === "POST" ? '{"access_token":"T"}' : '{"token":"T"}');
        return true;
      }
      if (request.headers.authorization === "Bearer T") return false;
      response
        .writeHead(401, {
          "www-authenticate": `Bearer realm="http://${registry.address}/token",service="s",scope="repository:team/app:pull"`,
        })
        .end();
      return true;
    };
    await fixture.pull(`${registry.address}/team/app`);
    await fixture.pull(`${registry.address}/team/app`, { auth: { username: "u", password: "p" } });
    await fixture.pull(`${registry.address}/team/app`, { auth: { identitytoken: "I" } });
    expect(asked).toEqual([
      "GET ?service=s&scope=repository%3Ateam%2Fapp%3Apull -",
      `GET ?service=s&scope=repository%3Ateam%2Fapp%3Apull&account=u Basic ${Buffer.from("u:p").toString("base64")}`,
      "POST  -",
    ]);
    expect(
      await failure(fixture.pull(`${registry.address}/team/app`, { auth: { username: "u", password: "bad" } })),
    ).toEqual({
      kind: "unauthorized",
      message: `Get "http://${registry.address}/v2/": unauthorized: incorrect username or password`,
    });
  });

  test("concurrent pulls share the work; one that gives up leaves the others alone", async () => {
    const built = image(layer("a", 400_000), layer("b", 400_000));
    registry.add("shared", "latest", built);
    registry.add("shared", "other", built);
    const gate = Promise.withResolvers<void>();
    registry.intercept = (request, response) => {
      const digest = layerDigests(built).find((one) => request.url?.endsWith(one) === true);
      if (digest === undefined) return false;
      void gate.promise.then(() => sendBytes(request, response, built.blobs.get(digest) ?? new Uint8Array()));
      return true;
    };
    const quitter = new AbortController();
    const first = fixture.pull(`${registry.address}/shared`, { signal: quitter.signal });
    const others = [fixture.pull(`${registry.address}/shared`), fixture.pull(`${registry.address}/shared:other`)];
    quitter.abort();
    expect((await failure(first)).kind).toBe("cancelled");
    gate.resolve();
    for (const { image: stored } of await Promise.all(others)) expect(stored.id).toBeString();
    for (const digest of layerDigests(built))
      expect(registry.requests.filter((line) => line.endsWith(digest))).toHaveLength(1);
  });

  test("a pull that everybody gave up stops and leaves nothing", async () => {
    const built = image(layer("a", 400_000));
    registry.add("slow", "latest", built);
    const reached = Promise.withResolvers<void>();
    registry.intercept = (request, response) => {
      if (request.url?.endsWith(layerDigests(built)[0] ?? "") !== true) return false;
      response.writeHead(200, { "content-length": 400_000 });
      response.write(Buffer.alloc(10), () => reached.resolve());
      return true;
    };
    const quitter = new AbortController();
    const work = fixture.pull(`${registry.address}/slow`, { signal: quitter.signal });
    await reached.promise;
    quitter.abort();
    expect((await failure(work)).kind).toBe("cancelled");
    await eventually("nothing unfinished", () => fixture.unfinished().length === 0 || undefined);
    expect(fixture.blobs.list()).toEqual([]);
  });

  test("more than 150 layers", async () => {
    const built = image(
      ...Array.from({ length: 160 }, (_, index) =>
        writeTar([
          { path: `f${index}`, content: "x" },
          { path: "top", content: String(index) },
        ]),
      ),
    );
    registry.add("tall", "latest", built);
    const { image: stored } = await fixture.pull(`${registry.address}/tall`);
    const root = await fixture.snapshots.prepare("tall", stored.diffIds);
    expect(root.lowerDirs).toHaveLength(160);
    expect(readFileSync(`${root.lowerDirs[0]}/top`, "utf8")).toBe("159");
    expect(root.lowerDirs.join(":").length).toBeLessThan(
      160 * (fixture.layout.layersDir.length + "/160/fs".length + 1),
    );
  });

  test("a kill leaves garbage that the next start removes; a power cut, damage that it mends", async () => {
    fixture.holdSyncs();
    registry.add("durable", "latest", image(layer("a"), layer("b")));
    const { image: stored } = await fixture.pull(`${registry.address}/durable`);
    mkdirSync(`${fixture.layout.layersDir}/.new-dead/fs/x`, { recursive: true });
    mkdirSync(`${fixture.layout.layersDir}/99/fs`, { recursive: true });
    mkdirSync(`${fixture.layout.snapshotsDir}/nobodys/upper`, { recursive: true });
    writeFileSync(`${fixture.layout.ingestDir}/partial`, "x");
    writeFileSync(fixture.layout.blob(`sha256:${"0".repeat(64)}`), "unnamed");
    fixture = await fixture.reopen();
    expect(fixture.unfinished()).toEqual([]);
    expect(readdirSync(fixture.layout.layersDir).sort()).toEqual(["1", "2"]);
    expect(readdirSync(fixture.layout.snapshotsDir)).toEqual([]);
    expect(fixture.blobs.has(`sha256:${"0".repeat(64)}`)).toBe(false);
    expect((await fixture.images.resolve(stored.id)).repoTags).toEqual(stored.repoTags);
    // Another boot, before anything was synced: the layer lost its content.
    rmSync(`${stored.layers[0]?.path}/a`);
    fixture = await fixture.reopen("another-boot");
    const mended = await fixture.images.resolve(stored.id);
    expect(readdirSync(mended.layers[0]?.path ?? "")).toEqual(["a"]);
    expect(fixture.layers.suspects()).toEqual([]);
  });

  test("what was lost beyond repair is gone, not half there", async () => {
    fixture.holdSyncs();
    registry.add("lost", "latest", image(layer("a")));
    const { image: stored } = await fixture.pull(`${registry.address}/lost`);
    const [digest = ""] = layerDigests(image(layer("a")));
    writeFileSync(fixture.layout.blob(digest), "");
    fixture = await fixture.reopen("another-boot");
    expect((await failure(fixture.images.resolve(stored.id))).kind).toBe("not-found");
    expect(fixture.blobs.list()).toEqual([]);
    expect(readdirSync(fixture.layout.layersDir)).toEqual([]);
    await fixture.pull(`${registry.address}/lost`);
  });

  test("synced rows survive another boot without a look at their files", async () => {
    registry.add("kept", "latest", image(layer("a")));
    const { image: stored } = await fixture.pull(`${registry.address}/kept`);
    await eventually("all synced", () => fixture.layers.unsynced().length === 0 || undefined);
    const [digest = ""] = layerDigests(image(layer("a")));
    writeFileSync(fixture.layout.blob(digest), "");
    fixture = await fixture.reopen("another-boot");
    expect((await fixture.images.resolve(stored.id)).id).toBe(stored.id);
  });

  test("tag, resolve and remove by Docker's rules", async () => {
    const built = image(layer("a"));
    registry.add("x/app", "latest", built);
    const name = `${registry.address}/x/app`;
    const { image: stored } = await fixture.pull(name);
    const short = stored.id.slice(7, 19);
    expect((await fixture.images.resolve(short)).id).toBe(stored.id);
    expect((await fixture.images.resolve(`${name}@${built.digest}`)).id).toBe(stored.id);
    expect(await failure(fixture.images.resolve("nosuch"))).toEqual({
      kind: "not-found",
      message: "No such image: nosuch:latest",
    });
    await fixture.images.tag(stored.id, "mine:1");
    expect((await fixture.images.resolve("mine:1")).repoTags).toEqual([`${name}:latest`, "mine:1"]);
    const remove = (
      nameOrId: string,
      force = false,
      users: { containerId: string; imageId: string; running: boolean }[] = [],
    ) => fixture.images.remove({ nameOrId, force, prune: true, users });
    expect(await failure(remove(short))).toEqual({
      kind: "conflict",
      message: `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
    });
    expect(await remove("mine:1")).toEqual([{ Untagged: "mine:1" }]);
    const user = { containerId: "c".repeat(64), imageId: stored.id, running: false };
    expect(await failure(remove(name, false, [user]))).toEqual({
      kind: "conflict",
      message: `conflict: unable to remove repository reference "${name}" (must force) - container cccccccccccc is using its referenced image ${short}`,
    });
    expect((await failure(remove(short, true, [{ ...user, running: true }]))).message).toBe(
      `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container cccccccccccc`,
    );
    // A container keeps its layers when the image goes by force.
    await fixture.snapshots.prepare("c", stored.diffIds);
    expect(await remove(short, true, [user])).toEqual([
      { Untagged: `${name}:latest` },
      { Untagged: `${name}@${built.digest}` },
      { Deleted: stored.id },
    ]);
    expect(existsSync(stored.layers[0]?.path ?? "")).toBe(true);
    await fixture.snapshots.remove("c");
    expect(readdirSync(fixture.layout.layersDir)).toEqual([]);
    await fixture.pull(name);
    expect(await remove(name)).toEqual([
      { Untagged: `${name}:latest` },
      { Untagged: `${name}@${built.digest}` },
      { Deleted: stored.id },
      { Deleted: stored.diffIds[0] ?? "" },
    ]);
    expect(fixture.blobs.list()).toEqual([]);
    expect(readdirSync(fixture.layout.layersDir)).toEqual([]);
  });

  test("what containers are made of is found by every name, as the whole image is, and no longer", async () => {
    const built = image(layer("a"));
    registry.add("x/app", "latest", built);
    const name = `${registry.address}/x/app`;
    const { image: stored } = await fixture.pull(name);
    await fixture.images.tag(stored.id, "mine:1");
    const { images } = fixture;
    const names = [stored.id, stored.id.slice(7, 19), name, `${name}@${built.digest}`, "mine:1"];
    for (const given of names) {
      const basis = await images.basis(given);
      expect(basis.diffIds).toEqual(stored.diffIds);
      expect(await images.resolve(given)).toMatchObject({ ...basis });
    }
    const other = image(layer("b"));
    registry.add("x/app", "latest", other);
    const { image: moved } = await fixture.pull(name);
    expect((await images.basis(name)).id).toBe(moved.id);
    expect((await images.basis("mine:1")).id).toBe(stored.id);
    await images.tag(moved.id, "mine:1");
    expect((await images.basis("mine:1")).id).toBe(moved.id);
    await images.remove({ nameOrId: stored.id, force: true, prune: true, users: [] });
    for (const given of [stored.id, `${name}@${built.digest}`, "nosuch"])
      expect(await failure(images.basis(given))).toEqual(await failure(images.resolve(given)));
  });

  test("all tags of a repository", async () => {
    registry.add("many", "one", image(layer("a")));
    registry.add("many", "two", image(layer("b")));
    const { lines } = await fixture.pull(`${registry.address}/many`, { allTags: true });
    expect((await fixture.images.list()).flatMap((stored) => stored.repoTags).toSorted()).toEqual([
      `${registry.address}/many:one`,
      `${registry.address}/many:two`,
    ]);
    expect(lines.at(-1)?.status).toBe(`Status: Downloaded newer image for ${registry.address}/many`);
  });

  test("login asks the registry, and says what it says", async () => {
    const login = (username: string, password: string) =>
      fixture.registries.login({ username, password, serveraddress: `http://${registry.address}/v2/` });
    expect(await login("any", "thing")).toEqual({ identityToken: undefined });
    registry.intercept = (request, response) => {
      const fine = request.headers.authorization === `Basic ${Buffer.from("me:right").toString("base64")}`;
      response.writeHead(fine ? 200 : 401, { "www-authenticate": 'Basic realm="x"' }).end();
      return true;
    };
    expect(await login("me", "right")).toEqual({ identityToken: undefined });
    expect(await failure(login("me", "wrong"))).toEqual({
      kind: "unauthorized",
      message: `login attempt to http://${registry.address}/v2/ failed with status: 401 Unauthorized`,
    });
    registry.intercept = (request, response) => {
      const url = new URL(request.url ?? "", `http://${registry.address}`);
      if (url.pathname === "/token") {
        response.end(
          JSON.stringify({ token: "T", refresh_token: url.searchParams.get("offline_token") === "true" ? "R" : "" }),
        );
      } else if (request.headers.authorization === "Bearer T") response.end();
      else
        response
          .writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.address}/token",service="s"` })
          .end();
      return true;
    };
    expect(await login("me", "right")).toEqual({ identityToken: "R" });
    expect(
      (await failure(fixture.registries.login({ username: "a", password: "b", serveraddress: "nosuch.invalid" })))
        .message,
      // Which of them depends on whether any name server answers.
    ).toMatch(
      /^Get "https:\/\/nosuch\.invalid\/v2\/": dial tcp: lookup nosuch\.invalid: (no such host|server misbehaving)$/,
    );
  });

  test("an image that is being pulled survives a removal beside it", async () => {
    const shared = layer("shared", 100_000);
    registry.add("first", "latest", image(shared));
    const second = image(shared, layer("second"));
    registry.add("second", "latest", second);
    const first = await fixture.pull(`${registry.address}/first`);
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const held = layerDigests(second)[1] ?? "";
    registry.intercept = (request, response) => {
      if (request.url?.endsWith(held) !== true) return false;
      reached.resolve();
      void gate.promise.then(() => sendBytes(request, response, second.blobs.get(held) ?? new Uint8Array()));
      return true;
    };
    const pulling = fixture.pull(`${registry.address}/second`);
    await reached.promise;
    await fixture.images.remove({ nameOrId: first.image.id, force: false, prune: true, users: [] });
    gate.resolve();
    const { image: stored } = await pulling;
    expect(stored.layers.map((one) => readdirSync(one.path))).toEqual([["shared"], ["second"]]);
    expect(fixture.blobs.has(layerDigests(second)[0] ?? "")).toBe(true);
  });

  test("a disk that fills up while pulling", async () => {
    await fixture.dispose();
    const small = `${scratch}/small`;
    mkdirSync(small);
    mount("tmpfs", small, "tmpfs", 0, "size=3m");
    mkdirSync(`${small}/root`);
    fixture = await openImageFixture(`${small}/root`);
    const noise = Buffer.alloc(8_000_000);
    crypto.getRandomValues(noise.subarray(0, 65536));
    registry.add("big", "latest", image(writeTar([{ path: "dir/big", content: noise }])));
    expect(await failure(fixture.pull(`${registry.address}/big`))).toEqual({
      kind: "resource-exhausted",
      message: "failed to register layer: write /dir/big: no space left on device",
    });
    // Now the blob itself does not fit.
    const random = Buffer.concat(Array.from({ length: 70 }, () => crypto.getRandomValues(new Uint8Array(65536))));
    registry.add("bigger", "latest", image(writeTar([{ path: "x", content: random }])));
    expect((await failure(fixture.pull(`${registry.address}/bigger`))).kind).toBe("resource-exhausted");
    expect(fixture.unfinished()).toEqual([]);
    registry.add("fits", "latest", image(layer("fits")));
    await fixture.pull(`${registry.address}/fits`);
  });
});

/** Registries that answer what they should not: refused by name, nothing kept, credentials shown to nobody else. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import { isBerthError, messageOf } from "#base/errors.ts";
import { FetchHttp } from "#host/web/registry-http.ts";
import {
  buildAttestation,
  buildImage,
  buildIndex,
  goArchitecture,
  sha256,
  type BuiltImage,
} from "../../tools/lab/image-writer.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { openImageFixture, type ImageFixture } from "./image-fixture.ts";
import { startFaultyRegistry, type FaultyRegistry } from "./image-registry.ts";

let fixture: ImageFixture;
let registry: FaultyRegistry;

beforeEach(async () => {
  registry = await startFaultyRegistry();
  fixture = await openImageFixture();
});

afterEach(async () => {
  expect(fixture.unfinished()).toEqual([]);
  expect(fixture.leases.size).toBe(0);
  await fixture.dispose();
  await registry.close();
});

const built = buildImage({ layers: [writeTar([{ path: "file", content: "x".repeat(100_000) }])], compression: "none" });
const own = goArchitecture();

async function refusal(name: string): Promise<string> {
  const text = await fixture.pull(`${registry.address}/${name}`).then(
    () => "pulled",
    (error: unknown) => `${isBerthError(error) ? error.kind : "unknown"}: ${messageOf(error)}`,
  );
  if (text !== "pulled") {
    expect(await fixture.images.list()).toEqual([]);
    expect(fixture.blobs.list()).toEqual([]);
  }
  return text;
}

const layerDigest = (image: BuiltImage): string =>
  (JSON.parse(Buffer.from(image.manifest).toString()) as { layers: readonly { digest: string }[] }).layers[0]?.digest ??
  "";

test("redirects in a circle end, one to what is no web address is not followed", async () => {
  registry.add("app", "latest", built);
  let location = "";
  registry.intercept = (request, response) => {
    if (request.url === "/v2/" || request.url?.includes("/manifests/") !== true) return false;
    response.writeHead(307, { location: location || request.url }).end();
    return true;
  };
  expect(await refusal("app")).toContain("stopped after 10 redirects");
  for (location of ["file:///etc/passwd", "unix:///run/berth.sock", "gopher://example.com/"])
    expect(await refusal("app")).toContain(`refusing to be redirected to ${location}`);
});

test("a length that is not the body's: cut off it is fetched again, too long it is refused", async () => {
  registry.add("app", "latest", built);
  const digest = layerDigest(built);
  const bytes = built.blobs.get(digest) ?? new Uint8Array();
  let tries = 0;
  registry.intercept = (request, response) => {
    if (request.url?.endsWith(digest) !== true || tries++ > 0) return false;
    response.writeHead(200, { "content-length": bytes.length * 2 });
    response.write(bytes.subarray(0, 500), () => setTimeout(() => response.destroy(), 100));
    return true;
  };
  expect(await refusal("app")).toBe("pulled");
  expect(registry.requests.filter((line) => line.endsWith(digest))).toHaveLength(2);
  await fixture.images.remove({ nameOrId: `${registry.address}/app`, force: true, prune: true, users: [] });
  registry.intercept = (request, response) => {
    if (request.url?.endsWith(digest) !== true) return false;
    const more = Buffer.concat([bytes, Buffer.alloc(1000)]);
    response.writeHead(200, { "content-length": more.length }).end(more);
    return true;
  };
  expect(await refusal("app")).toContain("data-loss: filesystem layer verification failed");
});

test("indexes within indexes have an end, and types that contradict each other are refused", async () => {
  let inner = buildIndex([{ image: built, architecture: own }]);
  registry.add("deep", "image", built);
  for (let depth = 0; depth < 6; depth++) {
    registry.add("deep", `level${depth}`, inner);
    inner = buildIndex([{ image: { ...inner, blobs: new Map() }, architecture: own }]);
  }
  registry.add("deep", "latest", inner);
  expect(await refusal("deep")).toContain("not-found: no matching manifest");
  registry.add("typed", "latest", { ...built, mediaType: "application/vnd.oci.image.index.v1+json" });
  expect(await refusal("typed")).toContain("invalid-parameter: manifest: mediaType is");
  const both = Buffer.from(
    JSON.stringify({ ...(JSON.parse(Buffer.from(built.manifest).toString()) as object), manifests: [] }),
  );
  registry.add("both", "latest", { ...built, manifest: both, digest: sha256(both) });
  expect(await refusal("both")).toContain("both manifests and layers are given");
});

test("attestations: what is not there is left out; what is too large or lies is refused", async () => {
  const attestation = buildAttestation(built);
  const index = buildIndex([{ image: built, architecture: own }], "oci", [{ attestation, of: built }]);
  registry.add("attested", "image", built);
  registry.add("attested", "latest", index);
  expect(await refusal("attested")).toBe("pulled");
  const shown = fixture.images.manifests(await fixture.images.resolve(`${registry.address}/attested`));
  expect(shown.manifests.map(({ kind, isHere }) => [kind, isHere])).toEqual([
    ["image", true],
    ["attestation", false],
  ]);
  await fixture.images.remove({ nameOrId: `${registry.address}/attested`, force: true, prune: true, users: [] });
  registry.add("attested", "attestation", attestation);
  const statement = attestation.blobs.get(layerDigest(attestation)) ?? new Uint8Array();
  registry.addBlob(layerDigest(attestation), statement.toReversed());
  expect(await refusal("attested")).toContain("data-loss: ");
  const claim = Buffer.from(
    Buffer.from(attestation.manifest)
      .toString()
      .replace(/"size":\d+/g, '"size":999999999'),
  );
  const huge = { ...attestation, manifest: claim, digest: sha256(claim) };
  registry.add("huge", "image", built);
  registry.add("huge", "attestation", huge);
  registry.add(
    "huge",
    "latest",
    buildIndex([{ image: built, architecture: own }], "oci", [{ attestation: huge, of: built }]),
  );
  expect(await refusal("huge")).toBe("invalid-parameter: the image's attestations are too large");
  // The configuration alone was asked for.
  expect(registry.requests.filter((line) => line.includes("/v2/huge/blobs/"))).toHaveLength(1);
});

test("a registry that falls silent is given up, before its answer and in the midst of it", async () => {
  const refused = async (limits: ConstructorParameters<typeof FetchHttp>[0]): Promise<string> => {
    const hasty = await openImageFixture(undefined, undefined, new FetchHttp(limits));
    try {
      await hasty.pull(`${registry.address}/silent`);
      return "pulled";
    } catch (error) {
      expect(hasty.blobs.list()).toEqual([]);
      return messageOf(error);
    } finally {
      await hasty.dispose();
    }
  };
  registry.intercept = () => true;
  expect(await refused({ headersMs: 500 })).toContain("Client.Timeout exceeded while awaiting headers");
  registry.intercept = (request, response) => {
    if (request.url?.includes("/manifests/") !== true) return false;
    response.writeHead(200, { "content-type": built.mediaType }).write('{"schemaVersion":2,');
    return true;
  };
  expect(await refused({ bodyMs: 500 })).toContain("no data for 0.5 seconds");
});

test("a registry that drips is given up as one that is silent, and what came is gone on with", async () => {
  const hasty = await openImageFixture(undefined, undefined, new FetchHttp({ bodyMs: 1000, bodyBytes: 1000 }));
  try {
    registry.add("app", "latest", built);
    const digest = layerDigest(built);
    const bytes = built.blobs.get(digest) ?? new Uint8Array();
    const starts: number[] = [];
    registry.intercept = (request, response) => {
      if (request.url?.endsWith(digest) !== true) return false;
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      starts.push(start);
      response.writeHead(start === 0 ? 200 : 206, {
        "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      });
      let at = start;
      const timer = setInterval(() => response.write(bytes.subarray(at, ++at)), 10);
      response.once("close", () => clearInterval(timer));
      return true;
    };
    const refused = await hasty.pull(`${registry.address}/app`).then(
      () => "pulled",
      (error: unknown) => messageOf(error),
    );
    expect(refused).toMatch(/^Get "http:\/\/\S+": only \d+ bytes in [\d.]+ seconds$/);
    // As many tries as for a registry that sends nothing, each from where the last one ended.
    expect(starts).toHaveLength(5);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(starts.at(-1)).toBeGreaterThan(0);
    registry.intercept = () => false;
    await hasty.pull(`${registry.address}/app`);
    expect(hasty.unfinished()).toEqual([]);
  } finally {
    await hasty.dispose();
  }
});

test("a blob without end is read no further than it may be long", async () => {
  registry.add("app", "latest", built);
  const closed = Promise.withResolvers<void>();
  registry.intercept = (request, response) => {
    if (request.url?.endsWith(layerDigest(built)) !== true) return false;
    response.writeHead(200);
    const timer = setInterval(() => response.write(Buffer.alloc(1 << 16)), 1);
    response.once("close", () => {
      clearInterval(timer);
      closed.resolve();
    });
    return true;
  };
  expect(await refusal("app")).toContain("data-loss: filesystem layer verification failed");
  await closed.promise;
});

test("a wrong content type does not make an image of what is none, nor something else of an image", async () => {
  registry.intercept = (request, response) => {
    if (request.url === "/v2/") return false;
    response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in to the wireless network</html>");
    return true;
  };
  expect(await refusal("portal")).toBe("invalid-parameter: invalid manifest: not JSON");
  registry.intercept = () => false;
  registry.add("app", "latest", { ...built, mediaType: "text/html" });
  expect(await refusal("app")).toBe("pulled");
});

test("a token server that lies or points elsewhere gets no further, and nobody else the password", async () => {
  const elsewhere = await startFaultyRegistry();
  try {
    const shown: (string | undefined)[] = [];
    elsewhere.intercept = (request, response) => {
      shown.push(request.headers.authorization);
      response.end('{"token":"stolen"}');
      return true;
    };
    const auth = { username: "me", password: "secret" };
    let realm = `http://${registry.address}/token`;
    let answer = (response: ServerResponse): void => void response.end("{}");
    registry.intercept = (request, response) => {
      if (request.url?.startsWith("/token") === true) answer(response);
      else response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}",service="x"` }).end();
      return true;
    };
    const refused = (): Promise<string> =>
      fixture.pull(`${registry.address}/app`, { auth }).then(
        () => "pulled",
        (error: unknown) => messageOf(error),
      );
    expect(await refused()).toContain("authorization server did not include a token in the response");
    answer = (response) => void response.writeHead(307, { location: `http://${elsewhere.address}/token` }).end();
    expect(await refused()).toContain("unexpected status from token server");
    answer = (response) => void response.end(Buffer.alloc((1 << 20) + 1, 32));
    expect(await refused()).toContain("larger than 1048576 bytes");
    for (realm of ["file:///etc/passwd", "nonsense", "gopher://example.com/"])
      expect(await refused()).toContain(`invalid token auth challenge realm: ${realm}`);
    expect(shown).toEqual([]);
  } finally {
    await elsewhere.close();
  }
});

test("a registry's warnings are told once, as far as they are for people, and without what terminals take for commands", async () => {
  registry.add("app", "latest", built);
  registry.intercept = (request, response) => {
    if (request.url?.includes("/manifests/") === true)
      response.setHeader("warning", ['299 - "soon \\"gone\\""', '110 - "stale"', '299 - "se\u009bcond"']);
    else response.setHeader("warning", '299 - "soon \\"gone\\""');
    return false;
  };
  const { lines } = await fixture.pull(`${registry.address}/app`);
  const told = lines.map(({ status }) => status).filter((status) => status.startsWith("Warning"));
  expect(told).toEqual(['Warning of the registry: soon "gone"', "Warning of the registry: se cond"]);
});

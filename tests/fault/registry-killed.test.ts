/** Our registry killed while images come in: nothing corrupt is ever served, and the next try sends the rest alone. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { socketAddress } from "#host/sockets/namespace-sockets.ts";
import { PolledStream } from "#host/sockets/polled-stream.ts";
import { Poller } from "#host/sockets/poller.ts";
import { startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { eventually, PATIENCE_MS } from "../../tools/lab/command.ts";
import { freePort } from "../../tools/lab/debian-registry.ts";
import { buildImage, sha256, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";

setDefaultTimeout(180_000);

const ROUNDS = 25;

let dir = "";
let port = 0;
let registry: RunningBerthRegistry;

beforeAll(async () => {
  dir = makeScratch("registry-killed");
  port = await freePort();
  registry = await startBerthRegistry({ dir, port });
});
afterAll(async () => {
  await registry?.daemon.stop();
  removeScratch(dir);
});

const newImage = (): BuiltImage =>
  buildImage({ layers: Array.from({ length: 3 }, () => randomBytes(200_000)), format: "oci", compression: "none" });

test("kill -9 in the middle of pushes", async () => {
  const pushed: { tag: string; image: BuiltImage }[] = [];
  let broken = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const tries = Array.from({ length: 4 }, (_, at) => ({ tag: `r${round}-${at}`, image: newImage() }));
    const pushing = Promise.allSettled(
      tries.map(async (each) => {
        await pushImage(registry.address, "app", each.tag, each.image);
        pushed.push(each);
      }),
    );
    await Bun.sleep((round * 7) % 60);
    await registry.daemon.kill();
    broken += (await pushing).filter(({ status }) => status === "rejected").length;
    registry = await startBerthRegistry({ dir, port });
    if (round % 8 !== 7) continue;
    // The next try finishes, also for what was half there.
    for (const { tag, image } of tries) {
      await pushImage(registry.address, "app", tag, image);
      pushed.push({ tag, image });
    }
  }
  expect(broken).toBeGreaterThan(0);
  expect(pushed.length).toBeGreaterThan(0);
  const base = `http://${registry.address}/v2/app`;
  for (const { tag, image } of pushed) {
    const manifest = await fetch(`${base}/manifests/${tag}`);
    expect([manifest.status, sha256(await manifest.bytes())]).toEqual([200, image.digest]);
    for (const [digest] of image.blobs) {
      const blob = await fetch(`${base}/blobs/${digest}`);
      expect([blob.status, sha256(await blob.bytes())]).toEqual([200, digest]);
    }
  }
  // Nothing bears a name that its bytes do not have.
  for (const bucket of readdirSync(join(registry.root, "blobs/sha256"))) {
    const folder = join(registry.root, "blobs/sha256", bucket);
    for (const hex of readdirSync(folder)) expect(sha256(readFileSync(join(folder, hex)))).toBe(`sha256:${hex}`);
  }
  expect(await registry.admin(["scrub"])).toContain(" 0 damaged");
});

test("kill -9 in the middle of an upload: it goes on where it was", async () => {
  const bytes = randomBytes(8 << 20);
  const digest = sha256(bytes);
  const begun = await fetch(`http://${registry.address}/v2/app/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", `http://${registry.address}`);
  const half = bytes.subarray(0, bytes.length / 2);
  const patched = await fetch(location, { method: "PATCH", body: half });
  expect(patched.status).toBe(202);
  await registry.daemon.kill();
  registry = await startBerthRegistry({ dir, port });
  const status = await fetch(location);
  expect(status.headers.get("range")).toBe(`0-${half.length - 1}`);
  location.searchParams.set("digest", digest);
  const done = await fetch(location, { method: "PUT", body: bytes.subarray(half.length) });
  expect(done.status).toBe(201);
  const blob = await fetch(`http://${registry.address}/v2/app/blobs/${digest}`);
  expect(sha256(await blob.bytes())).toBe(digest);
});

/**
 * A pull that has begun and is not read further, so that no more of it comes than the kernel keeps for who does not read;
 * `rest`: all that came of the body until the other side's end.
 */
async function beginPull(poller: Poller, { hostname, port: at, pathname }: URL) {
  const place = { namespaceFd: undefined, ...socketAddress({ host: hostname, port: Number(at) }) };
  const stream = await PolledStream.connect(poller, place, AbortSignal.timeout(PATIENCE_MS));
  await stream.write(Buffer.from(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`));
  const into = new Uint8Array(1 << 16);
  const chunks: Uint8Array[] = [];
  const body = (): Buffer => {
    const all = Buffer.concat(chunks);
    const head = all.indexOf("\r\n\r\n");
    return head < 0 ? Buffer.alloc(0) : all.subarray(head + 4);
  };
  const readMore = async (): Promise<boolean> => {
    const count = await stream.read(into);
    chunks.push(into.slice(0, count));
    return count > 0;
  };
  // The body may come behind its head.
  while (body().length === 0 && (await readMore()));
  return {
    rest: async (): Promise<Buffer> => {
      while (await readMore());
      stream.close();
      return body();
    },
  };
}

test("kill -9 in the middle of pulls: they go on with the rest", async () => {
  const bytes = randomBytes(24 << 20);
  const digest = sha256(bytes);
  const put = await fetch(`http://${registry.address}/v2/app/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    body: bytes,
  });
  expect(put.status).toBe(201);
  const url = `http://${registry.address}/v2/app/blobs/${digest}`;
  const poller = new Poller();
  for (let round = 0; round < 5; round += 1) {
    const pulls = await Promise.all([1, 2, 3].map(() => beginPull(poller, new URL(url))));
    await registry.daemon.kill();
    const heads = await Promise.all(pulls.map((pull) => pull.rest()));
    registry = await startBerthRegistry({ dir, port });
    for (const head of heads) {
      expect(head.length).toBeWithin(1, bytes.length);
      const rest = await fetch(url, { headers: { Range: `bytes=${head.length}-`, "If-Range": `"${digest}"` } });
      expect(rest.status).toBe(206);
      expect(sha256(Buffer.concat([head, await rest.bytes()]))).toBe(digest);
    }
  }
  poller.close();
});

test("kill -9 with events on their way: the webhook hears of every push that was acknowledged", async () => {
  const told = new Set<string>();
  let isUp = false;
  const hook = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      if (!isUp) return new Response("", { status: 503 });
      const { events } = (await request.json()) as { events: { action: string; target: { digest: string } }[] };
      for (const { action, target } of events) if (action === "push") told.add(target.digest);
      return new Response("");
    },
  });
  const args = ["--webhook", `http://127.0.0.1:${hook.port}/`];
  try {
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      await registry.daemon.kill();
      registry = await startBerthRegistry({ dir, port, args });
      const image = newImage();
      await pushImage(registry.address, "told", `r${round}`, image);
      acknowledged.push(image.digest, ...image.blobs.keys());
    }
    await eventually("a refusal that is known", async () =>
      (await registry.admin(["webhook", "ls"])).includes("the webhook answered with 503") ? true : undefined,
    );
    await registry.daemon.kill();
    isUp = true;
    registry = await startBerthRegistry({ dir, port, args });
    await eventually("all of them", () => (acknowledged.every((digest) => told.has(digest)) ? true : undefined));
  } finally {
    await hook.stop(true);
  }
  await eventually("nothing waits to be told", async () =>
    (await registry.admin(["webhook", "ls"])).trim().split("\n").length === 1 ? true : undefined,
  );
});

test("kill -9 while garbage is collected loses nothing that is used", async () => {
  const kept = newImage();
  await pushImage(registry.address, "kept", "v1", kept);
  for (let round = 0; round < 6; round += 1) {
    await registry.daemon.stop();
    registry = await startBerthRegistry({
      dir,
      port,
      args: ["--grace", "1ms", "--undelete", "1ms", "--gc-interval", "5ms"],
    });
    const garbage = newImage();
    await pushImage(registry.address, "garbage", `v${round}`, garbage).catch(() => undefined);
    await fetch(`http://${registry.address}/v2/garbage/manifests/${garbage.digest}`, { method: "DELETE" });
    await Bun.sleep(round * 5);
    await registry.daemon.kill();
    registry = await startBerthRegistry({ dir, port });
    for (const [digest, bytes] of kept.blobs) {
      const blob = await fetch(`http://${registry.address}/v2/kept/blobs/${digest}`);
      expect([blob.status, (await blob.bytes()).length]).toEqual([200, bytes.length]);
    }
  }
  expect(await registry.admin(["scrub"])).toContain(" 0 damaged");
});

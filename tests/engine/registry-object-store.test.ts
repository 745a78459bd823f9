/** Our registry over an S3-compatible store (s3rver from npm, installed into the cache), and the driver's contract on it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { S3Bucket } from "#host/web/s3-bucket.ts";
import { storageDriverSuite } from "#registry/storage/driver.suite.ts";
import { FileDriver } from "#registry/storage/file-driver.ts";
import { ObjectDriver } from "#registry/storage/object-driver.ts";
import { administer, startBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { startDaemon, type DaemonProcess } from "../../tools/lab/daemon-process.ts";
import { freePort } from "../../tools/lab/debian-registry.ts";
import { buildImage, sha256 } from "../../tools/lab/image-writer.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { installStore } from "./object-store/install.ts";

setDefaultTimeout(180_000);

const bucket = "images";
/** The server's only account. */
const credentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

let dir = "";
let endpoint = "";
let store: DaemonProcess;

beforeAll(async () => {
  dir = makeScratch("object-store");
  const installed = await installStore();
  const port = await freePort();
  endpoint = `http://127.0.0.1:${port}`;
  mkdirSync(join(dir, "objects"));
  store = await startDaemon({
    argv: ["node", join(installed, "serve.mjs"), join(dir, "objects"), String(port), bucket],
    logPath: join(dir, "store.log"),
    ready: () => Promise.resolve(readFileSync(join(dir, "store.log"), "utf8").includes("ready")),
  });
}, 320_000);

afterAll(async () => {
  await store?.stop();
  removeScratch(dir);
});

const place = (): ConstructorParameters<typeof S3Bucket>[0] => ({
  endpoint,
  bucket,
  region: "us-east-1",
  ...credentials,
});

storageDriverSuite("ObjectDriver", () => {
  const root = mkdtempSync(join(dir, "staging-"));
  const objects = new S3Bucket(place());
  const prefix = `${root.slice(-6).toLowerCase()}/`;
  const driver = new ObjectDriver({ bucket: objects, staging: new FileDriver(root), prefix });
  return Promise.resolve({
    driver,
    async damage(digest) {
      const path = join(root, "rotten");
      writeFileSync(path, "rotten");
      const hex = digest.slice(digest.indexOf(":") + 1);
      await objects.put(`${prefix}blobs/${digest.split(":", 1)[0]}/${hex.slice(0, 2)}/${hex}`, path);
    },
    close() {
      const uploads = readdirSync(`${root}/uploads`);
      rmSync(root, { recursive: true });
      expect(uploads).toEqual([]);
      return Promise.resolve();
    },
  });
});

test("images go in and out, also after a restart; a registry does not look for its blobs elsewhere", async () => {
  const image = buildImage({ layers: [new Uint8Array(3 << 20).fill(7)], format: "oci", compression: "none" });
  const args = ["--s3-endpoint", endpoint, "--s3-bucket", bucket, "--s3-prefix", "registry"];
  const env = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey };
  let registry = await startBerthRegistry({ dir, args, env });
  try {
    await pushImage(registry.address, "app", "v1", image);
    await registry.daemon.kill();
    registry = await startBerthRegistry({ dir, args, env });
    for (const [digest, bytes] of image.blobs) {
      const url = `http://${registry.address}/v2/app/blobs/${digest}`;
      expect(sha256(await (await fetch(url)).bytes())).toBe(digest);
      const part = await fetch(url, { headers: { Range: "bytes=10-19" } });
      expect([part.status, Buffer.from(await part.bytes()).equals(bytes.subarray(10, 20))]).toEqual([206, true]);
    }
    expect(await registry.admin(["scrub"])).toContain("2 blobs");
    expect(readdirSync(join(registry.root, "blobs"))).toEqual([]);
  } finally {
    await registry.daemon.stop();
  }
  const elsewhere = startBerthRegistry({ dir, args: ["--gc-interval", "0s"] });
  expect(await elsewhere.then(() => "started", String)).toContain("the blobs of this registry are kept elsewhere");
  expect(await administer(registry.root, ["scrub"]).catch(String)).toContain("needs credentials");
});

test("a large blob goes over in parts; killed meanwhile, the registry shows nothing of it, and takes it again", async () => {
  const bytes = randomBytes(40 << 20);
  const digest = sha256(bytes);
  const args = ["--s3-endpoint", endpoint, "--s3-bucket", bucket, "--s3-prefix", "parts"];
  const env = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey };
  mkdirSync(join(dir, "parts"));
  const start = () => startBerthRegistry({ dir: join(dir, "parts"), args, env });
  let registry = await start();
  const push = (): Promise<number> =>
    fetch(`http://${registry.address}/v2/app/blobs/uploads/?digest=${digest}`, { method: "POST", body: bytes }).then(
      ({ status }) => status,
    );
  const found = async (): Promise<string> => {
    const answer = await fetch(`http://${registry.address}/v2/app/blobs/${digest}`);
    return answer.status === 200 ? sha256(await answer.bytes()) : String(answer.status);
  };
  try {
    const cut = push().then(String, () => "cut off");
    // Its file is whole here and on its way to the store.
    const uploads = join(registry.root, "uploads");
    while (!readdirSync(uploads).some((id) => statSync(join(uploads, id)).size === bytes.length)) await Bun.sleep(1);
    await registry.daemon.kill();
    expect(await cut).toBe("cut off");
    registry = await start();
    expect(await found()).toBe("404");
    expect(await push()).toBe(201);
    expect(await found()).toBe(digest);
    await registry.daemon.kill();
    registry = await start();
    expect(await found()).toBe(digest);
    expect(await registry.admin(["scrub"])).toContain("1 blobs (41943040 bytes) read, 0 damaged");
  } finally {
    await registry.daemon.stop();
  }
});

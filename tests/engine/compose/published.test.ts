/** Projects in registries and git repositories: published, pinned, included, and run from there. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { mustRun } from "../../../tools/lab/command.ts";
import { ComposeSide } from "./fixture.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;
let registry = "";

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bpubl0", bip: "172.31.234.1/24" });
  ({ registry } = side.engine);
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

const published = (): string => `
services:
  s:
    image: ${registry}/busybox
    command: sh -c 'echo $$WORD of \${WHO:-nobody}; sleep 1000'
    stop_grace_period: 0s
    env_file: one.env
    extends: {file: base.yaml, service: base}
`;

const files = { "one.env": "WORD=from a file\n", "base.yaml": "services: {base: {labels: {based: 'yes'}}}\n" };

test("a project goes to a registry, and runs from there", async () => {
  side.project(published(), { ...files, "more.yaml": "services: {s: {labels: {more: 'yes'}}}\n" });
  const name = `${registry}/acme/shop:1`;
  const told = await side.compose("-f", "compose.yaml", "-f", "more.yaml", "publish", "--with-env", "-y", name);
  expect(told).toMatchObject({ code: 0, stderr: expect.stringContaining(`${name}  published`) });
  const raw = await side.engine.api("GET", `/berth/registry/artifact?name=${name}`);
  const manifest = JSON.parse(
    Buffer.from((JSON.parse(raw.text) as { Raw: string }).Raw, "base64").toString(),
  ) as Readonly<Record<string, unknown>>;
  expect(manifest).toMatchObject({
    artifactType: "application/vnd.docker.compose.project",
    config: { mediaType: "application/vnd.oci.empty.v1+json", size: 2 },
    layers: [
      {
        mediaType: "application/vnd.docker.compose.file+yaml",
        annotations: { "com.docker.compose.file": "compose.yaml" },
      },
      { annotations: { "com.docker.compose.file": "more.yaml" } },
      { mediaType: "application/vnd.docker.compose.envfile" },
      { annotations: { "com.docker.compose.extends": "true" } },
    ],
  });
  side.project("services: {}");
  await mustRun(["rm", "-r", side.folder]);
  side.project("include: []\nservices: {}\n");
  await side.ok("-f", `oci://${name}`, "up", "-d");
  expect(await side.ok("logs", "--no-log-prefix")).toBe("from a file of nobody\n");
  expect(await side.engine.ok("inspect", "-f", "{{.Config.Labels.based}} {{.Config.Labels.more}}", "shop-s-1")).toBe(
    "yes yes\n",
  );
  await side.ok("down", "-t", "0");
  // The same, included by a file here with a variable of its own.
  side.project(`include: ["oci://${name}"]\nservices: {t: {image: ${registry}/busybox, command: "true"}}\n`, {
    ".env": "WHO=somebody\n",
  });
  expect((await side.ok("config", "--services")).trim().split("\n").toSorted()).toEqual(["s", "t"]);
});

test("images are pinned in it, in older registries' form, and with images beside it", async () => {
  side.project(published(), files);
  const name = `${registry}/acme/pinned:1`;
  await side.ok("publish", "-y", "--with-env", "--app", "--oci-version", "1.0", name);
  const config = await side.ok("-f", `oci://${name}`, "config");
  expect(config).toMatch(new RegExp(`image: ${registry}/busybox:latest@sha256:[0-9a-f]{64}`, "u"));
  const digest = /sha256:[0-9a-f]{64}/u.exec(config)?.[0] ?? "";
  // The image is in the project's repository too.
  await side.engine.ok("pull", "-q", `${registry}/acme/pinned@${digest}`);
  await side.engine.ok("rmi", `${registry}/acme/pinned@${digest}`);
});

test("config pins images", async () => {
  side.project(`services: {s: {image: ${registry}/busybox, command: "true"}, b: {build: .}}`);
  const pinned = /^name: shop\nservices:\n {2}b:[^]*image: .*busybox:latest@sha256:[0-9a-f]{64}\n/u;
  expect(await side.ok("config", "--resolve-image-digests")).toMatch(pinned);
  expect(await side.ok("config", "--lock-image-digests")).toMatch(
    /^services:\n {2}s:\n {4}image: \S+\/busybox:latest@sha256:[0-9a-f]{64}\n$/u,
  );
});

test("what cannot be published is told", async () => {
  side.project("include: [other.yaml]\nservices: {s: {image: busybox}}", {
    "other.yaml": "services: {t: {image: busybox}}",
  });
  const name = `${registry}/acme/none`;
  expect((await side.compose("publish", "-y", name)).stderr).toContain(
    "cannot publish compose file with local includes",
  );
  side.project("services: {s: {build: .}}");
  expect((await side.compose("publish", "-y", name)).stderr).toContain(
    "only contains a build section for service(s): s",
  );
  side.project("services: {s: {image: busybox, volumes: ['/etc:/x']}}");
  const asked = await side.compose("publish", name);
  expect(asked).toMatchObject({ code: 1, stdout: expect.stringContaining("s: /etc at /x") });
  side.project("services: {s: {image: busybox}}");
  expect((await side.compose("-f", `oci://${name}`, "config")).stderr).toContain("not found");
  expect((await side.compose("-f", `oci://${registry}/busybox`, "config")).stderr).toContain("not a compose project");
});

test("a project of a git repository", async () => {
  const bare = join(side.engine.dir, "repository.git");
  const work = join(side.engine.dir, "work");
  side.project("services: {}");
  const git = (...words: readonly string[]): Promise<string> =>
    mustRun(["git", "-c", "user.name=a", "-c", "user.email=a@b.test", "-C", work, ...words]);
  await mustRun(["git", "init", "-q", "-b", "main", work]);
  await mustRun(["mkdir", "-p", join(work, "sub")]);
  await Bun.write(join(work, "sub/compose.yaml"), "services: {s: {image: busybox, env_file: v.env}}\n");
  await Bun.write(join(work, "sub/v.env"), "FROM_GIT=yes\n");
  await git("add", ".");
  await git("commit", "-q", "-m", "project");
  await mustRun(["git", "clone", "-q", "--bare", work, bare]);
  // A server of plain files is enough for git.
  await mustRun(["git", "-C", bare, "update-server-info"]);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async ({ url }) => {
      const file = Bun.file(join(side.engine.dir, new URL(url).pathname));
      return (await file.exists()) ? new Response(file) : new Response("", { status: 404 });
    },
  });
  try {
    const address = `http://127.0.0.1:${server.port}/repository.git`;
    expect(await side.ok("-f", `${address}#main:sub`, "config")).toContain("FROM_GIT: yes");
    expect((await side.compose("-f", `${address}#gone`, "config")).stderr).toContain("does not contain gone");
    expect((await side.compose("-f", `${address}#main:../x`, "config")).stderr).toContain(
      "leads out of the repository",
    );
  } finally {
    await server.stop(true);
  }
});

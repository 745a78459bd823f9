/** Every key of a build section has its effect, in an image or in the words that reach the builder. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ComposeSide } from "./fixture.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "bbsec0", bip: "172.31.235.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

const dockerfile = "FROM busybox\nARG WORD=none\nRUN echo $WORD > /word\n";
const service = (build: string): string => `services: {s: {image: built, build: ${build}, command: "true"}}`;

/** What a command prints in the image that was built. */
const inImage = (...words: readonly string[]): Promise<string> => side.engine.ok("run", "--rm", "built", ...words);
const labels = async (image = "built"): Promise<Readonly<Record<string, string>>> =>
  JSON.parse(await side.engine.ok("image", "inspect", "-f", "{{json .Config.Labels}}", image)) as Readonly<
    Record<string, string>
  >;

describe("build sections", () => {
  test("labels of docker compose's beside one's own, and further names", async () => {
    side.project(service("{context: ., labels: {own: label}, tags: [built:second]}"), { Dockerfile: dockerfile });
    await side.ok("build");
    expect(await labels("built:second")).toMatchObject({
      own: "label",
      "com.docker.compose.project": "shop",
      "com.docker.compose.service": "s",
    });
  });

  test("another service's image is built first, and once", async () => {
    side.project(
      `
services:
  app: {image: built, build: {dockerfile_inline: "FROM base AS b\\nFROM busybox\\nCOPY --from=b /word /copied", additional_contexts: {base: "service:base"}}}
  base: {build: {dockerfile_inline: "FROM busybox\\nRUN echo of the base > /word"}}
`,
    );
    await side.ok("build", "app");
    expect(await inImage("cat", "/copied")).toBe("of the base\n");
    expect(await side.engine.ok("images", "-q", "shop-base")).not.toBe("");
    side.project("services: {s: {build: {context: ., additional_contexts: {a: 'service:s'}}}}");
    expect((await side.compose("config")).stderr).toContain("dependency cycle detected: s -> s");
    side.project("services: {s: {build: {context: ., additional_contexts: {a: 'service:gone'}}}}");
    expect((await side.compose("config")).stderr).toContain('takes files from undefined service "gone"');
    await side.engine.ok("rmi", "shop-base");
    side.project("services: {}");
  });

  test("caches go where cache_to says and come from where cache_from says", async () => {
    side.project(
      service(
        "{context: ., args: {WORD: cached}, cache_to: ['type=local,dest=./cache'], cache_from: ['type=local,src=./cache']}",
      ),
      { Dockerfile: dockerfile },
    );
    await side.ok("build");
    expect(existsSync(join(side.folder, "cache/index.json"))).toBe(true);
    await side.engine.ok("rmi", "built");
    await side.engine.ok("builder", "prune", "-af");
    const again = await side.compose("build");
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toMatch(/s \| #\d+ CACHED/u);
    expect(await inImage("cat", "/word")).toBe("cached\n");
  });

  test("platforms, provenance and sbom", async () => {
    const build =
      '{dockerfile_inline: "FROM scratch\\nCOPY compose.yaml /", platforms: [linux/amd64, linux/arm64], provenance: mode=max, sbom: true}';
    side.project(service(build));
    await side.ok("build");
    const told = JSON.parse(await side.engine.ok("image", "inspect", "--format", "{{json .}}", "built")) as {
      readonly Id: string;
    };
    expect(told.Id).toMatch(/^sha256:/u);
    const tree = await side.engine.ok("images", "--tree");
    expect(tree).toContain("linux/amd64");
    expect(tree).toContain("linux/arm64");
    // What is to run is built for this machine alone.
    await side.ok("create", "--build");
    expect(await side.engine.ok("images", "--tree")).not.toContain("linux/arm64");
  });

  test("privileges, secrets, hosts, limits, one stage of several", async () => {
    side.project(
      `
services:
  s:
    image: built
    build:
      context: .
      privileged: true
      secrets: [key, {source: fromenv, target: other}]
      extra_hosts: ["far:10.1.2.3"]
      shm_size: 16m
      ulimits: {nofile: 1234}
      network: none
      no_cache_filter: [last]
      target: last
secrets: {key: {file: ./key}, fromenv: {environment: SECRET_VALUE}}
`,
      {
        key: "hidden",
        ".env": "SECRET_VALUE=by variable\n",
        Dockerfile: [
          "# syntax=docker/dockerfile:1",
          "FROM busybox AS last",
          "RUN --security=insecure grep CapEff /proc/self/status > /caps",
          "RUN --mount=type=secret,id=key --mount=type=secret,id=other cat /run/secrets/key /run/secrets/other | wc -c > /size",
          "RUN grep far /etc/hosts > /far; ulimit -n > /files; df -k /dev/shm | tail -1 | awk '{print $2}' > /shm",
          "FROM busybox AS after",
          "RUN false",
          "",
        ].join("\n"),
      },
    );
    await side.ok("build");
    expect(await inImage("cat", "/size", "/files", "/shm")).toBe("17\n1234\n16384\n");
    expect(await inImage("cat", "/far")).toContain("10.1.2.3");
    const caps = /CapEff:\s*(\w+)/u.exec(await inImage("cat", "/caps"))?.[1] ?? "";
    expect(Number.parseInt(caps, 16)).toBeGreaterThan(0x10_0000_0000);
  });

  test("what bake would build, and nothing built", async () => {
    side.project(service("{context: ., args: {WORD: x}, tags: [second], platforms: [linux/amd64], provenance: true}"), {
      Dockerfile: dockerfile,
    });
    const file = JSON.parse(await side.ok("build", "--print")) as Readonly<Record<string, unknown>>;
    expect(file).toMatchObject({
      group: { default: { targets: ["s"] } },
      target: {
        s: {
          context: side.folder,
          dockerfile: "Dockerfile",
          args: { WORD: "x" },
          tags: ["built", "second"],
          platforms: ["linux/amd64"],
          attest: ["type=provenance,disabled=false"],
        },
      },
    });
    expect(await side.compose("build", "--builder", "other")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no builder "other" found'),
    });
    side.project(service("{context: ., isolation: hyperv}"));
    expect((await side.compose("build")).stderr).toContain('build.isolation "hyperv" is not supported');
  });
});

afterEach(async () => {
  await side.engine.run("rmi", "-f", "built", "built:second");
});

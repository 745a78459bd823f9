/** What shows a project, or makes one of containers, and changes nothing: --dry-run, alpha viz, alpha generate. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ComposeSide } from "./fixture.ts";

setDefaultTimeout(180_000);

let side: ComposeSide;

beforeAll(async () => {
  side = await ComposeSide.open({ bridge: "blook0", bip: "172.31.199.1/24" });
}, 180_000);
afterAll(() => side.engine.close());
afterEach(() => side.clear());

const project = `
services:
  web: {image: busybox, command: sleep 1000, depends_on: {db: {condition: service_healthy}}, networks: [front], stop_grace_period: 0s}
  db: {image: busybox, command: sleep 1000, networks: [front], volumes: ["data:/d"], stop_grace_period: 0s, healthcheck: {test: "true", interval: 100ms}}
networks: {front: {}}
volumes: {data: {}}
`;

test("--dry-run says of every line that nothing is done, and does nothing", async () => {
  side.project(project);
  const plain = await side.compose("--dry-run", "up", "-d");
  expect(plain.code).toBe(0);
  const lines = plain.stderr.trimEnd().split("\n");
  // In docker compose 2.26's words and order.
  expect(lines.slice(-8).map((line) => line.replace(" DRY-RUN MODE -  Container ", ""))).toEqual([
    "shop-web-1  Creating",
    "shop-web-1  Created",
    "shop-db-1  Starting",
    "shop-db-1  Started",
    "shop-db-1  Waiting",
    "shop-db-1  Healthy",
    "shop-web-1  Starting",
    "shop-web-1  Started",
  ]);
  expect(lines.filter((line) => !line.startsWith(" DRY-RUN MODE -  "))).toEqual([]);
  const json = await side.compose("--progress", "json", "--dry-run", "up", "-d");
  for (const line of json.stderr.trimEnd().split("\n")) expect(JSON.parse(line)).toMatchObject({ "dry-run": true });
  expect((await side.compose("--dry-run", "up")).stdout).toBe(
    "end of 'compose up' output, interactive run is not supported in dry-run mode\n",
  );
  expect(await side.engine.ok("ps", "-aq")).toBe("");
  expect(await side.engine.ok("network", "ls", "-q", "--filter", "label=com.docker.compose.project=shop")).toBe("");
  expect(await side.engine.ok("volume", "ls", "-q", "--filter", "label=com.docker.compose.project=shop")).toBe("");
});

test("--dry-run tells what would be started again, and what runs", async () => {
  side.project(project);
  await side.ok("up", "-d");
  await side.ok("stop", "web");
  const { stderr } = await side.compose("--dry-run", "up", "-d");
  expect(stderr).toContain("Container shop-db-1  Running");
  expect(stderr).toEndWith("Container shop-web-1  Starting\n DRY-RUN MODE -  Container shop-web-1  Started\n");
  expect(stderr).not.toContain("Container shop-db-1  Start");
  expect(await side.ok("ps", "--services", "--status", "running")).toBe("db\n");
});

test("bridge convert runs images over the project: what they read, what they write", async () => {
  const transformation = `FROM busybox
LABEL com.docker.compose.bridge=transformation
RUN mkdir /templates && echo "# by a template" > /templates/head
CMD cat /templates/head > /out/app.txt && grep -e image: -e content: -e target: /in/compose.yaml >> /out/app.txt && id -u >> /out/app.txt && echo "$LICENSE_AGREEMENT" > /out/agreed
`;
  side.project(
    `services: {web: {image: busybox, ports: ["127.0.0.1::8080"], configs: [c]}}\nconfigs: {c: {file: ./told}}\n`,
    { told: "what a file says", "by/Dockerfile": transformation, "by/own/head": "# by another template\n" },
  );
  await side.engine.ok("build", "-q", "-t", "by", join(side.folder, "by"));
  await side.ok("bridge", "convert", "-t", "by", "-o", "made");
  const made = (name: string): string => readFileSync(join(side.folder, "made", name), "utf8");
  expect(
    made("app.txt")
      .trim()
      .split("\n")
      .map((line) => line.trim()),
  ).toEqual([
    "# by a template",
    "image: busybox",
    "target: 8080",
    "content: what a file says",
    String(process.getuid?.()),
  ]);
  expect(made("agreed")).toBe("true\n");
  // The folder is this run's alone.
  await side.ok("bridge", "convert", "-t", "by", "-o", "made", "--templates", join(side.folder, "by/own"));
  expect(made("app.txt")).toStartWith("# by another template\n");
  expect(await side.ok("bridge", "transformations", "ls")).toMatch(/\bby +latest\b/u);
  await side.ok("bridge", "transformations", "create", "--from", "by", "mine");
  expect(readFileSync(join(side.folder, "mine/templates/head"), "utf8")).toBe("# by a template\n");
  const failing = "FROM busybox\nCMD echo it cannot >&2; exit 3\n";
  side.project("services: {web: {image: busybox}}", { "fails/Dockerfile": failing });
  await side.engine.ok("build", "-q", "-t", "fails", join(side.folder, "fails"));
  const failed = await side.compose("bridge", "convert", "-t", "fails", "-o", "made");
  expect([failed.code, failed.stderr]).toEqual([
    1,
    expect.stringMatching(/it cannot\n.*fails ended with exit code 3/u),
  ]);
  await side.engine.ok("rmi", "by", "fails");
});

test("alpha viz draws services and what they depend on", async () => {
  side.project(project);
  const drawn = await side.ok("alpha", "viz", "--image", "--networks");
  expect(drawn).toStartWith('digraph "shop" {\n');
  expect(drawn).toContain('"web" -> "db";');
  expect(drawn).toContain("<b>Image:</b><br/>busybox");
  expect(drawn).toContain("<b>Networks:</b><br/>front");
});

test("alpha generate writes a project that starts the container again", async () => {
  side.project(project);
  await side.engine.ok("run", "-d", "--name", "made", "-e", "WORD=kept", "-l", "a=b", "busybox", "sleep", "1000");
  const written = await side.ok("alpha", "generate", "made");
  await side.engine.ok("rm", "-f", "made");
  side.project(written);
  await side.ok("up", "-d");
  expect(await side.ok("exec", "made", "sh", "-c", "echo $WORD")).toBe("kept\n");
  expect(await side.engine.ok("inspect", "-f", '{{index .Config.Labels "a"}}', "shop-made-1")).toBe("b\n");
});

test.each([
  [["ls", "--filter", "nonsense=x"], "invalid filter 'nonsense'"],
  [["ls", "--format", "nonsense"], 'format value "nonsense" could not be parsed: parsing failed'],
  [["images", "--format", "nonsense"], 'format value "nonsense" could not be parsed: parsing failed'],
  [["port", "s", "x"], 'strconv.ParseUint: parsing "x": invalid syntax'],
])("%p is refused in docker compose's words", async (words, message) => {
  side.project("services: {s: {image: busybox}}");
  expect(await side.compose(...words)).toMatchObject({ code: 1, stderr: `${message}\n` });
});

/** What shows a project, or makes one of containers, and changes nothing: --dry-run, alpha viz, alpha generate. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
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
  web: {image: busybox, command: sleep 1000, depends_on: [db], networks: [front], stop_grace_period: 0s}
  db: {image: busybox, command: sleep 1000, networks: [front], volumes: ["data:/d"], stop_grace_period: 0s}
networks: {front: {}}
volumes: {data: {}}
`;

test("--dry-run says of every line that nothing is done, and does nothing", async () => {
  side.project(project);
  const plain = await side.compose("--dry-run", "up", "-d");
  expect(plain.code).toBe(0);
  const lines = plain.stderr.trimEnd().split("\n");
  expect(lines).toContain(" DRY-RUN MODE -  Container shop-web-1  Created");
  expect(lines.filter((line) => !line.startsWith(" DRY-RUN MODE -  "))).toEqual([]);
  const json = await side.compose("--progress", "json", "--dry-run", "up", "-d");
  for (const line of json.stderr.trimEnd().split("\n")) expect(JSON.parse(line)).toMatchObject({ "dry-run": true });
  expect(await side.engine.ok("ps", "-aq")).toBe("");
  expect(await side.engine.ok("network", "ls", "-q", "--filter", "label=com.docker.compose.project=shop")).toBe("");
  expect(await side.engine.ok("volume", "ls", "-q", "--filter", "label=com.docker.compose.project=shop")).toBe("");
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

/**
 * Docker Compose v2 and the docker CLI of Debian's next suite on our socket: a project of nginx, redis and PostgreSQL out of
 * Debian's packages comes up, finds its parts by name, answers on its port, and keeps its data.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { composePrograms } from "../../tools/lab/apt-suite.ts";
import { command, eventually, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { composeFile } from "./compose/project.ts";
import { serviceImage } from "./compose/service-image.ts";

setDefaultTimeout(180_000);

let scratch: string;
let engine: RunningEngine;
let registry: RunningRegistry;
let docker: string;

const env = (): Readonly<Record<string, string>> => ({
  DOCKER_HOST: engine.host,
  DOCKER_CONFIG: join(scratch, "config"),
  HOME: scratch,
});
const run = (...args: readonly string[]): Promise<CommandResult> =>
  command([docker, ...args], { env: env(), cwd: scratch });
const ok = (...args: readonly string[]): Promise<string> => mustRun([docker, ...args], { env: env(), cwd: scratch });
const compose = (...args: readonly string[]): Promise<string> => ok("compose", ...args);
const inWeb = (line: string): Promise<string> => compose("exec", "-T", "web", "bash", "-c", line);

beforeAll(async () => {
  const programs = await composePrograms();
  const image = await serviceImage();
  scratch = makeScratch("compose");
  mkdirSync(join(scratch, "config/cli-plugins"), { recursive: true });
  symlinkSync(
    join(programs, "usr/libexec/docker/cli-plugins/docker-compose"),
    join(scratch, "config/cli-plugins/docker-compose"),
  );
  docker = join(programs, "usr/bin/docker");
  writeFileSync(join(scratch, "compose.yaml"), composeFile);
  registry = await startDebianRegistry({ dir: scratch, port: await freePort() });
  await pushImage(registry.address, "services", "latest", image);
  engine = await startBerth({ dir: scratch, bridge: "bcompose0", bip: "172.31.239.1/24" });
  await ok("pull", "-q", `${registry.address}/services`);
  await ok("tag", `${registry.address}/services`, "services");
}, 600_000);
afterAll(async () => {
  await run("compose", "down", "-v", "-t", "1");
  await engine.stop();
  await registry.stop();
  removeScratch(scratch);
});

const page = async (): Promise<string> => {
  const port = (await compose("port", "web", "80")).trim();
  expect(port).toMatch(/^127\.0\.0\.1:\d+$/u);
  return (await fetch(`http://${port}/`)).text();
};
/** A server that has just begun refuses connections, and then answers that it reads its files. */
async function redis(line: string): Promise<string> {
  await eventually("redis", async () =>
    (await inWeb("redis-cli -h redis PING || :")) === "PONG\n" ? true : undefined,
  );
  return inWeb(`redis-cli -h redis ${line}`);
}
const psql = (statement: string): Promise<string> =>
  inWeb(`$(echo /usr/lib/postgresql/*/bin)/psql -h database -U postgres -Atc "${statement}"`);

test("up: parts begin in order, find each other by name, and the port answers", async () => {
  await compose("up", "-d", "--wait");
  const states = (await compose("ps", "--format", "{{.Service}} {{.State}} [{{.Health}}]")).trim().split("\n");
  expect(states.toSorted()).toEqual(["db running [healthy]", "redis running []", "web running [healthy]"]);
  expect(await page()).toContain("from the image");
  for (const name of ["redis", "db", "database", "shop-redis-1"])
    expect(await inWeb(`getent hosts ${name}`)).toMatch(/^172\./u);
  expect((await run("compose", "exec", "-T", "redis", "getent", "hosts", "nobody")).code).not.toBe(0);
  expect(await redis("PING")).toBe("PONG\n");
  expect(await psql("select 6 * 7")).toBe("42\n");
  const started = await Promise.all(
    ["db", "web"].map((name) => ok("inspect", "-f", "{{.State.StartedAt}}", `shop-${name}-1`)),
  );
  expect(started).toEqual(started.toSorted());
});

test("data outlives down and up", async () => {
  await redis("SET fruit pear");
  await inWeb("echo changed >/srv/www/index.html");
  await psql("create table stock (name text); insert into stock values ('plum')");
  await compose("down", "-t", "2");
  expect(await ok("ps", "-aq")).toBe("");
  expect((await ok("network", "ls", "-q", "--filter", "name=shop")).trim()).toBe("");
  expect((await ok("volume", "ls", "-q")).split("\n").filter(Boolean).toSorted()).toEqual([
    "shop_cache",
    "shop_pages",
    "shop_rows",
  ]);
  await compose("up", "-d", "--wait");
  expect(await page()).toBe("changed\n");
  expect(await redis("GET fruit")).toBe("pear\n");
  expect(await psql("select name from stock")).toBe("plum\n");
});

test("a changed service is made anew, the others stay", async () => {
  const idOf = async (name: string): Promise<string> => compose("ps", "-q", name);
  const [db, web] = [await idOf("db"), await idOf("web")];
  writeFileSync(join(scratch, "compose.yaml"), composeFile.replace("tier: front", "tier: window"));
  await compose("up", "-d", "--wait");
  expect(await idOf("db")).toBe(db);
  expect(await idOf("web")).not.toBe(web);
  expect(await page()).toBe("changed\n");
  expect(await compose("logs", "--no-log-prefix", "redis")).toContain("Ready to accept connections");
});

test("down -v leaves nothing", async () => {
  await compose("down", "-v", "-t", "2");
  for (const list of [
    ["ps", "-aq"],
    ["volume", "ls", "-q"],
    ["network", "ls", "-q", "--filter", "name=shop"],
  ])
    expect((await ok(...list)).trim()).toBe("");
});

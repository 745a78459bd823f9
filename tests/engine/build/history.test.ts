/** `builder history`: builds that were, told after restarts and kills too. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../../tools/lab/command.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;

beforeAll(async () => {
  lab = await BuildLab.open("bbld8", "172.31.216.1/24");
}, 180_000);
afterAll(() => lab.close());

const history = (...args: readonly string[]): Promise<string> => lab.engine.ok("builder", "history", ...args);
const refused = async (...args: readonly string[]): Promise<string> => {
  const { code, stderr } = await lab.engine.run("builder", "history", ...args);
  expect(code).toBe(1);
  return stderr;
};

test("what was built, when, how long, with which steps; what went wrong and where", async () => {
  const good = lab.context({
    Dockerfile: "FROM busybox AS made\nRUN echo one\nARG A\nRUN echo two-$A\n",
  });
  await lab.engine.ok(
    "build",
    "-q",
    "-t",
    "kept",
    "--build-arg",
    "A=b",
    "--build-arg",
    "http_proxy=http://u:p@x",
    good,
  );
  await lab.engine.ok("build", "-q", "--target", "made", "--label", "l=v", "--build-arg", "A=c", good);
  const bad = lab.context({ Dockerfile: "FROM busybox\nRUN echo said; exit 4\n" });
  await lab.engine.run("build", bad);

  const table = (await history("ls")).trim().split("\n");
  expect(table[0]).toMatch(/^BUILD ID +NAME +STATUS +CREATED AT +DURATION$/);
  const name = (folder: string): string => folder.split("/").at(-1) ?? "";
  expect(table.slice(1).map((line) => line.split(/ {2,}/).slice(1, 3))).toEqual([
    [name(bad), "Error"],
    [`${name(good)} (made)`, "Completed"],
    [name(good), "Completed"],
  ]);

  const first = await history("inspect", "^2");
  expect(first).toContain(`Context:      ${good}\n`);
  expect(first).toContain("Tags:         kept\n");
  expect(first).toMatch(/^Images: +sha256:[0-9a-f]{64}$/m);
  expect(first).toMatch(/^Build Steps: +3\/3 \(0% cached\)$/m);
  expect(first).toMatch(/^ +\d+\.\ds +ran +\[2\/3\] RUN echo one$/m);
  expect(first).toMatch(/Build arguments:\n {2}A +b\n\n/);
  const second = JSON.parse(await history("inspect", "--format", "json", "^1")) as Record<string, unknown>;
  expect(second).toMatchObject({
    ...{ status: "completed", target: "made", labels: { l: "v" }, buildArgs: { A: "c" }, error: null },
    steps: [{ state: "ran" }, { state: "cached" }, { state: "ran" }],
  });
  const last = await history("inspect");
  expect(last).toContain("Error (Dockerfile:2):\n");
  expect(last).toContain("RUN echo said; exit 4");
  expect(last).toMatch(/^ +\d+\.\ds +failed +\[2\/2\] RUN echo said; exit 4$/m);
  expect((await lab.engine.run("builder", "history", "logs")).stderr).toMatch(
    /RUN echo said; exit 4\n.* said\n[^]*ERROR: failed to solve: .*exit code: 4\n/,
  );
  const id = (await history("ls", "--no-trunc", "--format", "{{.Ref}}")).split("\n")[0] ?? "";
  expect(await history("inspect", "--format", "{{.Ref}} {{.NumCachedSteps}} {{.Error.exitCode}}", id.slice(0, 6))).toBe(
    `${id} 0 4\n`,
  );
});

test("filters; what is none is refused", async () => {
  const listed = async (...filters: readonly string[]): Promise<number> => {
    const args = filters.flatMap((filter) => ["--filter", filter]);
    return (await history("ls", "--format", "{{.Ref}}", ...args)).split("\n").length - 1;
  };
  expect(await listed()).toBe(3);
  expect(await listed("status=error")).toBe(1);
  expect(await listed("status=error", "status=completed")).toBe(3);
  expect(await listed("status!=error", "target=made")).toBe(1);
  expect(await listed("duration>1h")).toBe(0);
  expect(await listed("startedAt>1h", "duration<1h")).toBe(3);
  expect(await refused("ls", "--filter", "status=odd")).toContain("a status is one of");
  expect(await refused("ls", "--filter", "size>1")).toContain("invalid filter");
  expect(await refused("inspect", "^9")).toContain("no record found for ^9");
  expect(await refused("logs", "xyz")).toContain("no record found for xyz");
  expect(await refused("rm")).toContain("either builds or --all must be given");
  expect((await lab.engine.api("GET", "/berth/builds/none")).status).toBe(404);
  expect((await lab.engine.api("DELETE", "/berth/builds/none")).status).toBe(404);
});

test("the classic door's builds too; looking at a Dockerfile is none", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN echo classic\n" });
  await lab.docker("build", "-q", "-t", "classic", folder);
  await lab.engine.ok("build", "--call", "targets", folder);
  expect((await history("ls", "--format", "{{.Name}} {{.Status}}")).split("\n")[0]).toBe("classic Completed");
  expect((await history()).trim().split("\n")).toHaveLength(5);
});

test("a restart of the engine keeps them; what a kill interrupts is told as that, with what it had done", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN sleep 7681\n" });
  const cut = lab.engine.run("build", folder);
  await eventually("it is running", async () =>
    (await history("ls", "--filter", "status=running")).includes("Running") ? true : undefined,
  );
  const id = (await history("ls", "--no-trunc", "--format", "{{.Ref}}")).split("\n")[0] ?? "";
  expect(await refused("rm", id)).toContain("is still running");
  await lab.engine.kill();
  await cut;
  await lab.engine.start();
  expect((await history("ls", "--format", "{{.Status}}")).trim().split("\n")).toEqual([
    ..."Canceled Completed Error Completed Completed".split(" "),
  ]);
  expect(await history("inspect")).toContain("the engine ended before the build");
  expect((await lab.engine.run("builder", "history", "logs", "^2")).stderr).toContain("exit code: 4");
});

test("forgotten one by one and all together, their logs too", async () => {
  const logs = (): number => readdirSync(join(lab.engine.dir, "data/build/history")).length;
  const [id = "", other = ""] = (await history("ls", "--no-trunc", "--format", "{{.Ref}}")).split("\n");
  expect(await history("rm", "^0", other)).toBe(`${id}\n${other}\n`);
  expect((await history("ls")).trim().split("\n")).toHaveLength(4);
  expect(logs()).toBe(3);
  await history("rm", "--all");
  expect((await history("ls")).trim().split("\n")).toHaveLength(1);
  expect(logs()).toBe(0);
});

test("a secret's value is nowhere in them", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN --mount=type=secret,id=s,env=S true\n" });
  await lab.engine.ok("build", "-q", "--secret", `id=s,src=${join(lab.context({ s: "s3cr3t-w0rd" }), "s")}`, folder);
  expect(await history("inspect", "--format", "json")).not.toContain("s3cr3t");
  const directory = join(lab.engine.dir, "data/build/history");
  expect(readdirSync(directory)).toHaveLength(1);
  for (const file of readdirSync(directory))
    expect(readFileSync(join(directory, file), "utf8")).not.toContain("s3cr3t");
});

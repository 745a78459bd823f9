/** `builder history`: builds that were, told after restarts and kills too. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, mustRun } from "../../../tools/lab/command.ts";
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

test("steps in time, for programs that show traces", async () => {
  const trace = JSON.parse(await history("trace", "^2"));
  const [{ scopeSpans }] = trace.resourceSpans;
  const [whole, ...steps] = scopeSpans[0].spans;
  expect(steps.map(({ name }: any) => name).toSorted()).toEqual([
    expect.stringMatching(/^\[1\/3\] FROM .*busybox/),
    "[2/3] RUN echo one",
    "[3/3] RUN echo two-b",
  ]);
  for (const step of steps) {
    expect(BigInt(step.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(whole.startTimeUnixNano));
    expect(BigInt(step.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(step.startTimeUnixNano));
  }
  const file = join(lab.engine.dir, "trace.json");
  await history("trace", "--compare", "^2", "-o", file);
  const both = JSON.parse(readFileSync(file, "utf8")).resourceSpans;
  expect(both.map((one: any) => one.scopeSpans[0].spans[0].status.code)).toEqual([2, 1]);
  expect(await refused("trace", "--compare", "^9")).toContain("no record found for ^9");
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

test("exported and imported they are what they were, on this engine or another", async () => {
  const file = join(lab.engine.dir, "some.dockerbuild");
  const before = await history("ls", "--no-trunc", "--format", "json");
  const log = await history("logs", "^2");
  await history("export", "--all", "-o", file);
  // Any reader of image layouts can look into it.
  const listed = await mustRun(["tar", "-tzf", file]);
  expect(listed).toStartWith("oci-layout\nindex.json\nblobs/sha256/");
  expect(await history("import", "-f", file)).toBe("");
  const ids = (await history("ls", "--no-trunc", "--format", "{{.Ref}}")).trim().split("\n");
  await history("rm", "--all");
  expect((await history("import", "-f", file)).trim().split("\n")).toEqual(ids);
  const facts = (text: string): readonly unknown[] =>
    text
      .trim()
      .split("\n")
      .map((line) => {
        const { CreatedAt: _a, CompletedAt: _b, ...rest } = JSON.parse(line) as Record<string, unknown>;
        return rest;
      });
  expect(facts(await history("ls", "--no-trunc", "--format", "json"))).toEqual(facts(before));
  expect(await history("logs", "^2")).toBe(log);

  const one = await lab.engine.run("builder", "history", "export", ids[1] ?? "");
  expect(one.code).toBe(0);
  const entry = { ...JSON.parse(await history("inspect", "--format", "json", "^1")), id: "ab".repeat(12) };
  const post = (body: string) =>
    fetch("http://engine/berth/builds", { unix: lab.engine.host.replace("unix://", ""), method: "POST", body });
  expect(await (await post(`${JSON.stringify(entry)}\n`)).json()).toEqual({ Id: entry.id, Added: true });
  for (const [body, why] of [
    ["nonsense", "the first line is no JSON"],
    [JSON.stringify({ ...entry, id: "../../x" }), "id is none of a build"],
    [JSON.stringify({ ...entry, status: "running" }), "status is none of completed, error, canceled"],
    [JSON.stringify({ ...entry, steps: [{ name: 1 }] }), "state is none of unused"],
    [JSON.stringify({ ...entry, createdAt: "soon" }), "createdAt is no time"],
    [`${JSON.stringify({ ...entry, id: "cd".repeat(12) })}\nno json\n`, "this is no build that was"],
  ] as const) {
    const answer = await post(body);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(why)]);
  }
  await history("rm", entry.id);
  const bad = join(lab.engine.dir, "bad.dockerbuild");
  writeFileSync(bad, "no archive");
  expect(await refused("import", "-f", bad)).toContain("this is no bundle of builds");
  expect(await refused("export", "--all", "^1")).toContain("either builds or --all must be given");
  expect(await refused("import", "-f", join(lab.engine.dir, "nowhere"))).toContain("no such file or directory");
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

test("what speaks about an image that a build made", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN echo spoken of > /x\n" });
  await lab.engine.ok("build", "-q", "-t", "spoken", "--provenance=true", "--sbom=true", folder);
  const slsa = "https://slsa.dev/provenance/v1";
  const said = JSON.parse(await history("inspect", "attachment", "--type", slsa));
  expect([said._type, said.predicateType]).toEqual(["https://in-toto.io/Statement/v0.1", slsa]);
  const several = await refused("inspect", "attachment");
  expect(several).toContain("there are several attachments: give a digest or --type");
  const [, digest = ""] = /sha256:([0-9a-f]{64}) {2}https:\/\/spdx/.exec(several) ?? [];
  const spdx = JSON.parse(await history("inspect", "attachment", "^0", digest.slice(0, 12)));
  expect(spdx.predicate.spdxVersion).toBe("SPDX-2.3");
  expect(await refused("inspect", "attachment", "^1")).toContain("no attachment found");
  await lab.engine.ok("rmi", "-f", "spoken");
  expect(await refused("inspect", "attachment", "--type", slsa)).toContain("no attachment found");
});

/** `berth build`: what it can do beyond the classic builder. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;

beforeAll(async () => {
  lab = await BuildLab.open("bbld1", "172.31.232.1/24");
}, 180_000);
afterAll(() => lab.close());

test("stages that need one another, and one that nobody needs", async () => {
  const folder = lab.context({
    Dockerfile: `FROM busybox AS left
RUN echo left > /left
FROM busybox AS right
RUN echo right > /right
FROM busybox AS unused
RUN false
FROM busybox
COPY --from=left /left /both/
COPY --from=right /right /both/
`,
  });
  const built = await lab.engine.run("build", "-t", "stages", folder);
  expect(built.stderr).toContain("naming to stages:latest");
  expect(built.code).toBe(0);
  expect(built.stderr).not.toContain("unused");
  expect(await lab.runIn("stages", "cat", "/both/left", "/both/right")).toBe("left\nright\n");
});

test("a failing command: its last lines, the place in the Dockerfile, exit code 1", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN echo the reason; exit 7\n" });
  const failed = await lab.engine.run("build", folder);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/------\n > \[2\/2\] RUN echo the reason; exit 7:\n\d+\.\d{3} the reason\n------/);
  expect(failed.stderr).toContain(">>> RUN echo the reason; exit 7");
  expect(failed.stderr).toContain("exit code: 7");
});

test("mounts: bind, cache, tmpfs, secret by file and by variable, none of which reach the image", async () => {
  const folder = lab.context({
    Dockerfile: `FROM busybox
RUN --mount=type=bind,source=given.txt,target=/given.txt cat /given.txt > /seen
RUN --mount=type=cache,target=/cache echo once >> /cache/log; cp /cache/log /cached
RUN --mount=type=tmpfs,target=/scratch touch /scratch/x && mount | grep -q 'on /scratch type tmpfs'
RUN --mount=type=secret,id=token --mount=type=secret,id=word,env=WORD cat /run/secrets/token > /length && echo "$WORD" | wc -c > /chars
`,
    "given.txt": "from the context\n",
  });
  writeFileSync(join(lab.engine.dir, "token"), "abc");
  const args = [
    "build",
    "-q",
    "--secret",
    `id=token,src=${join(lab.engine.dir, "token")}`,
    "--secret",
    "id=word,env=HOME",
  ];
  const id = (await lab.engine.ok(...args, folder)).trim();
  expect(await lab.runIn(id, "cat", "/seen", "/cached", "/length")).toBe("from the context\nonce\nabc");
  const left = await lab.runIn(id, "sh", "-c", "ls -d /given.txt /cache /scratch /run/secrets 2>/dev/null; true");
  expect(left).toBe("");
  const again = lab.context({
    Dockerfile: "FROM busybox\nRUN --mount=type=cache,target=/cache echo twice >> /cache/log; cp /cache/log /cached\n",
  });
  const second = (await lab.engine.ok("build", "-q", again)).trim();
  expect(await lab.runIn(second, "cat", "/cached")).toBe("once\ntwice\n");
});

test("a missing secret is named", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN --mount=type=secret,id=no,required=true true\n" });
  const failed = await lab.engine.run("build", folder);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("secret no: not found");
});

test("one changed file of the context builds the copy anew, an unchanged context nothing", async () => {
  const files = {
    Dockerfile: "FROM busybox\nCOPY . /app\nRUN cat /app/file > /out\n",
    ".dockerignore": "*.log\n",
    file: "1\n",
    "x.log": "1",
  };
  const folder = lab.context(files);
  const first = (await lab.engine.ok("build", "-q", folder)).trim();
  lab.fill(folder, { "x.log": "2" });
  expect((await lab.engine.ok("build", "-q", folder)).trim()).toBe(first);
  lab.fill(folder, { file: "2\n" });
  const second = (await lab.engine.ok("build", "-q", folder)).trim();
  expect(await lab.runIn(second, "sh", "-c", "cat /out; ls -A /app")).toBe("2\n.dockerignore\nDockerfile\nfile\n");
});

test("--check finds what is wrong and builds nothing", async () => {
  const folder = lab.context({ Dockerfile: "from busybox\nRUN false\n" });
  const checked = await lab.engine.run("build", "--check", folder);
  expect(checked.code).toBe(1);
  expect(checked.stdout).toContain("WARNING: ConsistentInstructionCasing");
  expect(checked.stdout).toContain("   1 | >>> from busybox\n");
});

test("--call tells what can be built, and what it can be given", async () => {
  const folder = lab.context({
    Dockerfile: `# build compiles
FROM busybox AS build
# LEVEL of warnings
ARG LEVEL=1
RUN --mount=type=secret,id=token,required true
FROM scratch
COPY --from=build /bin/sh /
`,
  });
  const targets = await lab.engine.ok("build", "--call", "targets", folder);
  expect(targets).toBe("TARGET    DESCRIPTION\nbuild     compiles\n(default) \n");
  const outline = await lab.engine.ok("build", "--call=outline", "--target=build", "--build-arg=LEVEL=2", folder);
  expect(outline).toBe(
    [
      "TARGET:      build\nDESCRIPTION: compiles\n",
      "BUILD ARG   VALUE   DESCRIPTION\nLEVEL       2       of warnings\n",
      "SECRET   REQUIRED\ntoken    true\n\n",
    ].join("\n"),
  );
  const nothing = await lab.engine.run("build", "--call=nonsense", folder);
  expect(nothing.stderr).toContain('invalid call "nonsense": one of build, check, outline, targets');
});

test("the cache is listed and pruned, what a build needs of it is built again", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN echo prune me > /x\n" });
  await lab.engine.ok("build", "-q", "-t", "pruned", folder);
  const usage = await lab.engine.ok("builder", "du", "--verbose");
  expect(usage).toMatch(/Description: +\[2\/2\] RUN echo prune me/);
  const pruned = await lab.engine.ok("builder", "prune", "-af");
  expect(pruned).toContain("Deleted build cache objects:");
  expect(await lab.engine.ok("builder", "du")).toMatch(/Total: +0B/);
  expect(await lab.runIn("pruned", "cat", "/x")).toBe("prune me\n");
  const built = await lab.engine.run("build", folder);
  expect(built.stderr).not.toContain("CACHED");
});

test("the Dockerfile on standard input, and an archive", async () => {
  const built = await lab.pipe("FROM busybox\nRUN echo stdin > /x\n", "build", "-q", "-");
  expect(await lab.runIn(built.stdout.trim(), "cat", "/x")).toBe("stdin\n");
});

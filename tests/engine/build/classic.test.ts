/** `POST /build` as the docker CLI's classic builder uses it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mustRun } from "../../../tools/lab/command.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;

beforeAll(async () => {
  lab = await BuildLab.open("bbld0", "172.31.231.1/24");
}, 180_000);
afterAll(() => lab.close());

const first = {
  Dockerfile: `FROM busybox
ENV GREETING=hello
WORKDIR /app
COPY file.txt sub ./
RUN echo "$GREETING from $(pwd)" > out.txt && echo to the log && echo to the error >&2
CMD ["cat", "/app/out.txt"]
`,
  "file.txt": "content\n",
  "sub/deep/inner.txt": { text: "inner\n", mode: 0o600 },
};

test("a Dockerfile is built, tagged and run; its stream is the classic builder's", async () => {
  const folder = lab.context(first);
  const built = await lab.docker("build", "-t", "first:1", folder);
  expect(built.stderr).not.toContain("rror");
  const lines = built.stdout.split("\n");
  expect(lines.filter((line) => line.startsWith("Step "))).toEqual([
    "Step 1/6 : FROM busybox",
    "Step 2/6 : ENV GREETING=hello",
    "Step 3/6 : WORKDIR /app",
    "Step 4/6 : COPY file.txt sub ./",
    'Step 5/6 : RUN echo "$GREETING from $(pwd)" > out.txt && echo to the log && echo to the error >&2',
    'Step 6/6 : CMD ["cat", "/app/out.txt"]',
  ]);
  expect(built.stdout).toMatch(/ ---> Running in [0-9a-f]{12}\n(.|\n)*to the log\n/);
  expect(built.stdout).toMatch(/\nSuccessfully built [0-9a-f]{12}\nSuccessfully tagged first:1\n$/);
  expect(await lab.runIn("first:1")).toBe("hello from /app\n");
  const names = await lab.runIn("first:1", "find", "/app");
  expect(names.trim().split("\n").toSorted()).toEqual([
    "/app",
    "/app/deep",
    "/app/deep/inner.txt",
    "/app/file.txt",
    "/app/out.txt",
  ]);
});

test("what it was built on is remembered, as by Docker's classic builder", async () => {
  const [built, base] = await Promise.all(
    ["first:1", "busybox"].map(
      async (name) => (await lab.docker("image", "inspect", "-f", "{{.Id}} {{.Parent}}", name)).stdout,
    ),
  );
  const [id = "", parent] = (built ?? "").trim().split(" ");
  expect(`${parent ?? ""} \n`).toBe(base ?? "");
  const { stdout } = await lab.docker("history", "-q", "--no-trunc", "first:1");
  expect(stdout.trim().split("\n")).toEqual([id, ...Array<string>(4).fill("<missing>"), parent ?? ""]);
});

test("the same again comes from the cache, with the same image", async () => {
  const folder = lab.context(first);
  const [one, two] = [await lab.docker("build", "-q", folder), await lab.docker("build", "-q", folder)];
  expect(one.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(two.stdout).toBe(one.stdout);
  const told = await lab.docker("build", folder);
  expect(told.stdout).toContain(" ---> Using cache\n");
  expect(told.stdout).not.toContain("Running in");
});

test("a command that fails ends the build with its exit code", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN echo before; exit 3\n" });
  const failed = await lab.docker("build", folder);
  expect(failed.code).toBe(3);
  expect(failed.stdout).toContain("before\n");
  expect(failed.stderr).toContain("The command '/bin/sh -c echo before; exit 3' returned a non-zero code: 3");
});

test("what fails behind the Dockerfile's text is told in the stream, the rest is the answer", async () => {
  const answer = async (dockerfile: string): Promise<readonly [number, string]> => {
    const folder = lab.context({ Dockerfile: dockerfile });
    await mustRun(["tar", "-C", folder, "-cf", `${folder}.tar`, "."]);
    const response = await fetch("http://engine/build", {
      unix: lab.engine.host.replace("unix://", ""),
      method: "POST",
      headers: { "content-type": "application/x-tar" },
      body: await Bun.file(`${folder}.tar`).bytes(),
    });
    return [response.status, await response.text()];
  };
  const [status, text] = await answer("FROM busybox\nFROM 127.0.0.1:1/nosuch\nRUN x\n");
  expect(status).toBe(200);
  expect(text.split("\r\n")[0]).toBe('{"stream":"Step 2/3 : FROM 127.0.0.1:1/nosuch\\n"}');
  expect(text).toMatch(/\{"errorDetail":\{"message":"Get .*connection refused"\},"error":"Get /);
  const [, absent] = await answer("FROM busybox\nCOPY nothing /x\n");
  expect(absent).toContain(
    '"error":"COPY failed: file not found in build context or excluded by .dockerignore: stat nothing',
  );
  expect(await answer("FROM busybox\nBLAH x\n")).toMatchObject([
    400,
    expect.stringContaining("unknown instruction: BLAH"),
  ]);
  expect(await answer("FROM busybox\nCOPY --from=9 a /x\n")).toMatchObject([
    400,
    expect.stringContaining("invalid stage"),
  ]);
});

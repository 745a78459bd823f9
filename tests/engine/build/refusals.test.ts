/** What is wrong with a build is told with its place, and costs nothing but the build. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { BuildLab, type ContextFiles } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;

beforeAll(async () => {
  lab = await BuildLab.open("bbld4", "172.31.237.1/24");
}, 180_000);
afterAll(() => lab.close());

interface Refusal {
  readonly lines: readonly string[];
  readonly says: string;
  /** Of the line that is shown as wrong; 0: no place can be told. */
  readonly at: number;
  readonly files?: ContextFiles;
}

const refusals: Readonly<Record<string, Refusal>> = {
  "no such stage": { lines: ["FROM busybox", "COPY --from=none /a /b"], says: "none", at: 2 },
  "no such stage by number": { lines: ["FROM busybox", "COPY --from=7 /a /b"], says: "invalid stage index 7", at: 2 },
  "a cycle": {
    lines: ["FROM busybox AS one", "COPY --from=two /a /b", "FROM busybox AS two", "COPY --from=one /b /a"],
    says: "circular",
    at: 2,
  },
  "a stage from itself": { lines: ["FROM busybox AS own", "COPY --from=own /a /b"], says: "circular", at: 2 },
  "nothing to copy": { lines: ["FROM busybox", "", "COPY nothing /x"], says: "nothing: file does not exist", at: 3 },
  "nothing that matches": { lines: ["FROM busybox", "COPY *.none /x/"], says: "no source files were specified", at: 2 },
  "nothing to copy in a stage": {
    lines: ["FROM busybox AS one", "FROM busybox", "COPY --from=one /nothing /x"],
    says: "nothing: file does not exist",
    at: 3,
  },
  "a path above the context": { lines: ["FROM busybox", "COPY ../../etc/passwd /x"], says: "etc/passwd", at: 2 },
  "a link out of the context": { lines: ["FROM busybox", "COPY outward /x"], says: "outward", at: 2 },
  "a path through a link out": { lines: ["FROM busybox", "COPY root/etc/shadow /x"], says: "root/etc/shadow", at: 2 },
  "a file left out": {
    lines: ["FROM busybox", "COPY hidden /x"],
    says: "excluded by .dockerignore",
    at: 2,
    files: { hidden: "x", ".dockerignore": "hidden\n" },
  },
  "a file where a folder is to be": {
    lines: ["FROM busybox", "RUN echo > /file", "COPY given /file/"],
    says: "/file",
    at: 3,
    files: { given: "x" },
  },
  "an ignore file that cannot be read": {
    lines: ["FROM busybox"],
    says: "failed to read .dockerignore: .dockerignore:2: syntax error in pattern",
    at: 0,
    files: { ".dockerignore": "ok\n[a-\n" },
  },
  "a command that fails": { lines: ["FROM busybox", "RUN echo the end; exit 42"], says: "exit code: 42", at: 2 },
  "a command that is not there": { lines: ["FROM busybox", 'RUN ["/no/such"]'], says: "/no/such", at: 2 },
  "no such user": { lines: ["FROM busybox", "USER nobody-knows", "RUN true"], says: "nobody-knows", at: 3 },
  "no such owner": {
    lines: ["FROM busybox", "COPY --chown=nobody-knows given /x"],
    says: "nobody-knows",
    at: 2,
    files: { given: "" },
  },
  "a secret nobody gave": {
    lines: ["FROM busybox", "RUN --mount=type=secret,id=no,required true"],
    says: "secret no: not found",
    at: 2,
  },
  "a bind of nothing": { lines: ["FROM busybox", "RUN --mount=source=nothing,target=/x true"], says: "nothing", at: 2 },
  "a WORKDIR that is a file": {
    lines: ["FROM busybox", "RUN echo > /file", "WORKDIR /file/below"],
    says: "/file",
    at: 3,
  },
  "an image without layers or a platform of ours": {
    lines: ["FROM --platform=linux/s390x busybox", "RUN true"],
    says: "busybox",
    at: 1,
  },
};

for (const [name, { lines, says, at, files = {} }] of Object.entries(refusals))
  test(name, async () => {
    const folder = lab.context({ ...files, Dockerfile: `${lines.join("\n")}\n` });
    symlinkSync("/etc/passwd", join(folder, "outward"));
    symlinkSync("/", join(folder, "root"));
    const failed = await lab.engine.run("build", folder);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toBe("");
    const error = failed.stderr.slice(failed.stderr.lastIndexOf("\nDockerfile:"));
    expect(failed.stderr).toContain(says);
    expect(failed.stderr).not.toMatch(/root:x:0|undefined|\bfd \d|\/data\/|internal error/);
    if (at > 0) {
      expect(error).toStartWith(`\nDockerfile:${at}\n`);
      expect(error).toContain(` | >>> ${lines[at - 1]}\n`);
    }
    expect(readdirSync(join(lab.engine.dir, "data/tmp")).filter((entry) => entry.startsWith("build-"))).toEqual([]);
  });

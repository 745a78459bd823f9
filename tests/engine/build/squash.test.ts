/** `--squash`: the same files in one layer. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { command, mustRun } from "../../../tools/lab/command.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;

beforeAll(async () => {
  lab = await BuildLab.open("bsqu0", "172.31.238.1/24");
}, 180_000);
afterAll(() => lab.close());

// Everything that one layer may do to another: replace, delete, empty a folder, put a folder where a file was and back.
const DOCKERFILE = `FROM busybox AS base
RUN mkdir -p /d/kept /d/emptied /d/gone && touch /d/kept/a /d/kept/b /d/emptied/x /d/gone/y /d/file /d/tofolder
RUN mkdir /d/tofile && touch /d/tofile/z
FROM base
RUN echo secret > /token && echo 1 > /d/kept/a && mkdir /d/new && touch /d/new/n
RUN rm /token /d/kept/b && rm -r /d/gone /d/new && rm -r /d/emptied && mkdir /d/emptied && touch /d/emptied/only
RUN rm /d/tofolder && mkdir /d/tofolder && touch /d/tofolder/inside && rm -r /d/tofile && echo f > /d/tofile
RUN ln /d/kept/a /d/hard && ln -s kept /d/soft && mkdir /d/gone && touch /d/gone/again && chmod 2711 /d/kept
RUN rm /d/file && mkdir /d/file && touch /d/file/now && rm -r /d/file && echo back > /d/file
`;
const LIST = `cd /d && find . -exec stat -c '%n %F %a %u:%g' {} + | sort && cat kept/a hard tofile file`;

test.each([
  ["berth", (folder: string) => lab.engine.run("build", "--squash", "-t", "squashed", folder)],
  [
    "the classic builder",
    async (folder: string) => {
      // The docker CLI asks for an engine with experimental features first.
      const url = "http://engine/build?squash=1&t=squashed";
      const socket = lab.engine.host.slice("unix://".length);
      const post = `tar -C ${folder} -c . | curl -s --unix-socket ${socket} -H 'Content-Type: application/x-tar' --data-binary @- '${url}'`;
      const result = await command(["bash", "-c", post]);
      return { ...result, code: result.stdout.includes("Successfully tagged") ? 0 : 1, stderr: result.stdout };
    },
  ],
])("%s: the same files on the base image's layers, nothing of what was deleted", async (_name, build) => {
  const folder = lab.context({ Dockerfile: DOCKERFILE.replace("FROM base\n", "FROM squash-base\n") });
  await lab.engine.ok("build", "--target", "base", "-t", "squash-base", folder);
  await lab.engine.ok("build", "-t", "plain", folder);
  const built = await build(folder);
  expect([built.code, built.stderr]).toEqual([0, expect.any(String)]);
  expect(await lab.runIn("squashed", "sh", "-c", LIST)).toBe(await lab.runIn("plain", "sh", "-c", LIST));
  const count = async (image: string): Promise<number> =>
    Number(await lab.engine.ok("image", "inspect", "-f", "{{len .RootFS.Layers}}", image));
  expect([await count("plain"), await count("squashed")]).toEqual([
    (await count("squash-base")) + 5,
    (await count("squash-base")) + 1,
  ]);
  const tar = join(lab.engine.dir, "squashed.tar");
  await lab.engine.ok("save", "-o", tar, "squashed");
  const script = `cd $(mktemp -d) && tar -xf ${tar} && for b in blobs/sha256/*; do tar -tf $b 2>/dev/null; done | sort`;
  const names = await mustRun(["bash", "-c", script]);
  for (const name of ["token", "d/new"]) expect(names).not.toContain(name);
  expect(names).toContain("d/kept/.wh.b");
  const history = await lab.engine.ok("history", "--format", "{{.Size}} {{.Comment}}", "squashed");
  expect(history).toMatch(/^\S+ merge of 5 layers\n0B/);
});

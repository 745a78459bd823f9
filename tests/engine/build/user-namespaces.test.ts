/** Builds of an engine with `--userns-remap`: root in a command is nobody's on the machine, and images are as ever. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeScratch, removeScratch } from "../../../tools/lab/scratch.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

const scratch = makeScratch("build-userns");
let lab: BuildLab;

beforeAll(async () => {
  const etc = join(scratch, "etc");
  mkdirSync(etc);
  for (const name of ["subuid", "subgid"]) writeFileSync(join(etc, name), "root:100000:65536\n");
  // The engine sees these files in the machine's /etc, nobody else does.
  const through = ["unshare", "-m", "sh", "-c", `mount -t overlay -o lowerdir=${etc}:/etc etc /etc && exec "$@"`, "sh"];
  lab = await BuildLab.open("bbldu", "172.31.219.1/24", ["--userns-remap", "root"], through);
}, 180_000);
afterAll(async () => {
  await lab.close();
  removeScratch(scratch);
});

test("commands have ids of their own, files and mounts the image's", async () => {
  const folder = lab.context({
    Dockerfile: `FROM busybox AS tool
RUN echo tool > /tool && chmod 600 /tool
FROM scratch AS one
COPY --chown=6:6 file /inner
FROM busybox
RUN cat /proc/self/uid_map > /who && touch /mine && chown 7:8 /mine && stat -c %u:%g /bin /etc/hosts >> /who
USER 5
RUN id -u > /tmp/user
USER 0
RUN --mount=type=cache,id=u,target=/c touch /c/a && chown 3:4 /c/a && stat -c %u:%g /c /c/a >> /who
RUN --mount=type=secret,id=s,uid=9,mode=0400 stat -c %u:%g /run/secrets/s >> /who && cat /run/secrets/s >> /who
RUN --mount=type=bind,target=/context cat /context/file >> /who
RUN --mount=type=bind,from=one,target=/one stat -c %u:%g /one/inner >> /who
COPY --from=tool /tool /tool
COPY --chown=9:9 file /file
RUN wget -q -O /dev/null http://127.0.0.1:1/ || ip -4 -o addr show eth0 | grep -c 172.31.219 >> /who
`,
    file: "of the context\n",
  });
  const secret = join(lab.context({ s: "s3cr3t\n" }), "s");
  await lab.engine.ok("build", "-q", "-t", "made", "--secret", `id=s,src=${secret}`, folder);
  const look = ["sh", "-c", "cat /who /tool /tmp/user; stat -c %u:%g /mine /tool /file /tmp/user /who"];
  const seen = await lab.runIn("made", ...look);
  expect(seen.replaceAll(/ +/g, " ")).toBe(
    [
      ...[" 0 100000 65536", "0:0", "0:0", "0:0", "3:4", "9:0", "s3cr3t", "of the context", "6:6", "1", "tool", "5"],
      ...["7:8", "0:0", "9:9", "5:0", "0:0", ""],
    ].join("\n"),
  );
  // In the store they are the same: without a user namespace too.
  expect(await lab.engine.ok("run", "--rm", "--userns=host", "made", ...look)).toBe(seen);
});

test("what needs the machine's rights is refused", async () => {
  const refused = async (line: string, ...args: readonly string[]): Promise<string> => {
    const folder = lab.context({ Dockerfile: `# syntax=docker/dockerfile:1-labs\nFROM busybox\nRUN ${line}\n` });
    const { code, stderr } = await lab.engine.run("build", ...args, folder);
    expect(code).toBe(1);
    return stderr;
  };
  expect(await refused("true", "--network", "host")).toContain("cannot share the host's network namespace");
  const insecure = await refused("--security=insecure true", "--allow", "security.insecure");
  expect(insecure).toContain("privileged mode is incompatible with user namespaces");
});

test("binds of folders, files and stages of several layers, also writable ones, keep the owners inside", async () => {
  const folder = lab.context({
    Dockerfile: `FROM busybox AS tool
RUN mkdir /tools && echo tool > /tools/tool && chown 7:8 /tools/tool
FROM busybox
RUN --mount=type=bind,from=tool,target=/t stat -c %u:%g /t/bin /t/tools/tool > /who
RUN --mount=type=bind,from=tool,source=/tools,target=/t,rw echo more >> /t/tool && echo new > /t/new && \\
    cat /t/tool >> /who && stat -c %u:%g /t/tool /t/new >> /who
RUN --mount=type=bind,target=/c,rw rm /c/Dockerfile && chown 3:4 /c/file && stat -c %u:%g /c/file >> /who && ls /c >> /who
RUN --mount=type=bind,source=file,target=/f,rw echo changed > /f && cat /f >> /who
RUN --mount=type=bind,from=tool,source=/tools/tool,target=/only cat /only >> /who && ! echo x > /only
`,
    file: "of the context\n",
  });
  const id = (await lab.engine.ok("build", "-q", folder)).trim();
  expect(await lab.runIn(id, "cat", "/who")).toBe(
    ["0:0", "7:8", "tool", "more", "7:8", "0:0", "3:4", "file", "changed", "tool", ""].join("\n"),
  );
});

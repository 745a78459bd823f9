import { expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TarReader, type TarEntry as ReadEntry } from "#spec/tar/tar-reader.ts";
import { command } from "../../../tools/lab/command.ts";
import { writeTar, type TarEntry } from "../../../tools/lab/tar-writer.ts";
import type { Target } from "../target.ts";

/** What is copied into containers and out of them, and what becomes of it. */
export function fileCases(target: () => Target): void {
  const scratch = (): string => mkdtempSync(join(target().scratch, "files-"));
  const run = async (name: string, script: string, ...flags: readonly string[]): Promise<void> => {
    await target().ok(["run", "-d", "--name", name, ...flags, "busybox", "sh", "-c", `${script}; echo up; sleep 1000`]);
    while (!(await target().ok(["logs", name])).includes("up")) continue;
  };
  const inside = (name: string, script: string): Promise<string> => target().ok(["exec", name, "sh", "-c", script]);

  describeOut(target, scratch, run);
  describeIn(target, scratch, run, inside);

  test("cp - reads an archive, and its refusals reach the person", async () => {
    await run("hostile", "mkdir -p /d/dir; echo old >/d/file; ln -s /etc /d/etc; echo kept >/secret");
    const put = async (entries: readonly TarEntry[], to = "/d"): Promise<string> => {
      const { code, stderr } = await target().run(["cp", "-", `hostile:${to}`], { stdin: writeTar(entries) });
      return code === 0 ? "fine" : stderr;
    };
    for (const [entries, message] of [
      [[{ path: "../evil", content: "x" }], '"../evil" is outside of "/d"'],
      [[{ path: "a/../../evil", content: "x" }], '"../evil" is outside of "/d"'],
      [[{ path: "up", type: "symlink", link: "../../secret" }], 'invalid symlink "/d/up" -> "../../secret"'],
      [[{ path: "h", type: "hardlink", link: "../../secret" }], 'invalid hardlink "/secret" -> "../../secret"'],
      [[{ path: "dir", content: "a file" }], 'cannot overwrite directory "/d/dir" with non-directory "/d"'],
      [[{ path: "file/", type: "directory" }], 'cannot overwrite non-directory "/d/file" with directory "/d"'],
    ] as const satisfies readonly (readonly [readonly TarEntry[], string])[]) {
      expect(await put(entries)).toContain(message);
    }
    expect(await put([{ path: "x", content: "" }], "/nope")).toBe('destination "hostile:/nope" must be a directory\n');
    expect(await put([{ path: "x", content: "" }], "/secret")).toBe(
      'destination "hostile:/secret" must be a directory\n',
    );
    const kept = await put([
      { path: "/abs", content: "in the folder" },
      { path: "etc/through", content: "behind a link of the container's own" },
      { path: "away", type: "symlink", link: "/secret" },
      { path: "deep/er/file", content: "", uid: 5, gid: 6, mode: 0o4755 },
      { path: "null", type: "character", major: 1, minor: 3, mode: 0o666 },
      { path: "pipe", type: "fifo", mode: 0o600 },
      { path: ".wh.file", content: "no whiteout" },
    ]);
    expect(kept).toBe("fine");
    expect(
      await inside(
        "hostile",
        "cat /d/abs /etc/through /d/file /secret; echo; readlink /d/away; stat -c '%F %a %u:%g' /d/deep /d/deep/er/file /d/null /d/pipe; ls -d /evil /d/.wh.file 2>&1",
      ).catch(String),
    ).toContain(
      [
        "in the folderbehind a link of the container's ownold",
        "kept",
        "",
        "/secret",
        "directory 755 0:0",
        "regular empty file 4755 5:6",
        "character special file 666 0:0",
        "fifo 600 0:0",
      ].join("\n"),
    );
  });

  test("archives that are none, are cut off or compressed", async () => {
    await run("odd", "mkdir /d");
    const tar = writeTar([{ path: "f", content: "content\n" }]);
    const put = (stdin: Uint8Array) => target().run(["cp", "-", "odd:/d"], { stdin });
    for (const bad of [Buffer.from("this is no archive at all, surely not"), tar.subarray(0, 515)]) {
      const { code, stderr } = await put(bad);
      expect(code).toBe(1);
      expect(stderr).toMatch(/unexpected EOF|archive\/tar: invalid tar header/);
    }
    for (const packed of [Bun.gzipSync(Buffer.from(tar)), Bun.zstdCompressSync(tar)]) {
      // The reference is older than zstd.
      if (packed[0] === 0x28 && target().engine.kind === "dockerd") continue;
      await inside("odd", "rm -f /d/f");
      expect((await put(packed)).code).toBe(0);
      expect(await inside("odd", "cat /d/f")).toBe("content\n");
    }
    expect((await put(new Uint8Array(1024))).code).toBe(0);
  });

  test("cp - writes an archive with owners, modes, links, times and long names", async () => {
    const long = "n".repeat(150);
    await run(
      "source",
      `mkdir -p /d/e; echo one >/d/one; ln /d/one /d/two; ln -s one /d/link; chown 1234:5678 /d/one; chmod 4750 /d/one; touch -d @1600000000 /d/one; touch /d/${long}; mkfifo /d/pipe; chmod 1777 /d/e`,
    );
    const members = (bytes: Buffer): readonly string[] => {
      const found: string[] = [];
      const entry = ({ type, name, linkName, mode, uid, gid, size }: ReadEntry): void => {
        found.push(
          `${type} ${name} ${mode.toString(8)} ${uid}:${gid} ${size}${linkName === "" ? "" : ` > ${linkName}`}`,
        );
      };
      const reader = new TarReader({ entry, data: () => {}, entryEnd: () => {} });
      reader.push(bytes);
      reader.end();
      return found;
    };
    const archive = async (path: string): Promise<Buffer> => {
      const file = join(scratch(), "out.tar");
      const { code, stderr } = await command(
        ["sh", "-c", `"$@" > ${file}`, "sh", ...target().argv, "cp", `source:${path}`, "-"],
        { env: target().env },
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return readFileSync(file);
    };
    expect(members(await archive("/d"))).toEqual([
      "directory d/ 755 0:0 0",
      "directory d/e/ 1777 0:0 0",
      "symlink d/link 777 0:0 0 > one",
      `file d/${long} 644 0:0 0`,
      "file d/one 4750 1234:5678 4",
      "fifo d/pipe 644 0:0 0",
      "hardlink d/two 4750 1234:5678 0 > d/one",
    ]);
    expect(members(await archive("/d/."))[0]).toBe("directory ./ 755 0:0 0");
    expect(members(await archive("/d/link"))).toEqual(["symlink link 777 0:0 0 > one"]);
    const to = scratch();
    await target().ok(["cp", "source:/d/one", `${to}/one`]);
    expect((await command(["stat", "-c", "%a %u %Y", `${to}/one`])).stdout).toBe("4750 0 1600000000\n");
  });

  test("a container that does not run, or never did, is copied like one that does", async () => {
    const from = scratch();
    writeFileSync(join(from, "f"), "copied\n");
    await target().ok([
      "create",
      "--name",
      "rest",
      "-v",
      "/vol",
      "busybox",
      "sh",
      "-c",
      "cat /f /vol/f; echo w >/vol/w",
    ]);
    for (const to of ["/", "/vol"]) await target().ok(["cp", join(from, "f"), `rest:${to}`]);
    expect(await target().ok(["start", "-a", "rest"])).toBe("copied\ncopied\n");
    await target().ok(["cp", "rest:/vol/w", join(from, "w")]);
    expect(readFileSync(join(from, "w"), "utf8")).toBe("w\n");
    expect(await target().ok(["diff", "rest"])).toContain("A /f\n");
    await target().ok(["rm", "-v", "rest"]);
  });

  test("what is read-only is not copied into", async () => {
    const from = scratch();
    writeFileSync(join(from, "f"), "");
    await run("fixed", ":", "--read-only", "-v", "/vol", "-v", `${from}:/ro:ro`);
    const put = async (to: string): Promise<string> =>
      (await target().run(["cp", join(from, "f"), `fixed:${to}`])).stderr;
    expect(await put("/")).toContain("container rootfs is marked read-only");
    expect(await put("/ro/g")).toContain("mounted volume is marked read-only");
    expect(await put("/vol")).toBe("");
    expect(await inside("fixed", "ls /vol")).toBe("f\n");
    await target().ok(["rm", "-fv", "fixed"]);
  });

  test("names that are missing", async () => {
    for (const [args, message] of [
      [["cp", "nosuch:/x", "."], "Error response from daemon: No such container: nosuch\n"],
      [["cp", "/etc/hostname", "nosuch:/x"], "Error response from daemon: No such container: nosuch\n"],
      [["diff", "nosuch"], "Error response from daemon: No such container: nosuch\n"],
      [["export", "nosuch"], "Error response from daemon: No such container: nosuch\n"],
      [["commit", "nosuch"], "Error response from daemon: No such container: nosuch\n"],
      [["cp", "a:/d", "b:/d"], "copying between containers is not supported\n"],
      [["cp", "a", "b"], "must specify at least one container source\n"],
      [["cp", "a:", "."], "Error response from daemon: bad parameter: pathcannot be empty\n"],
      [
        ["export", "-o", "/no/such/file", "x"],
        "failed to export container: invalid output path: stat /no/such: no such file or directory\n",
      ],
    ] as const) {
      const { code, stderr } = await target().run(args);
      expect({ code, stderr }).toEqual({ code: 1, stderr: message });
    }
  });

  test("diff tells what was changed, added and deleted", async () => {
    await run(
      "changed",
      "echo x >>/etc/passwd; rm /bin/vi; mkdir -p /new/deep; echo >/new/deep/f; chmod 711 /root; rm -r /var/spool; mkdir /var/spool; touch /tmp/t; rm /tmp/t",
    );
    const expected = [
      "A /new",
      "A /new/deep",
      "A /new/deep/f",
      "C /bin",
      "C /etc",
      "C /etc/passwd",
      "C /root",
      "C /var",
      "C /var/spool",
      "D /bin/vi",
      "D /var/spool/mail",
    ];
    const lines = (await target().ok(["diff", "changed"])).trimEnd().split("\n");
    // The reference has no order.
    expect(lines.toSorted()).toEqual(expected);
    await target().ok(["stop", "-t", "0", "changed"]);
    expect((await target().ok(["diff", "changed"])).trimEnd().split("\n").toSorted()).toEqual(expected);
  });

  test("export gives the root without its mounts", async () => {
    await run("whole", "echo x >/file; echo y >/vol/hidden; echo z >/tm/hidden", "-v", "/vol", "--tmpfs", "/tm");
    const file = join(scratch(), "root.tar");
    await target().ok(["export", "-o", file, "whole"]);
    const listed = (await command(["tar", "tf", file])).stdout.split("\n");
    for (const name of ["file", "vol/", "tm/", "etc/passwd", ".dockerenv", "proc/", "bin/busybox"]) {
      expect(listed).toContain(name);
    }
    expect(listed.filter((name) => /hidden|^proc\/.|^sys\/./.test(name))).toEqual([]);
    expect((await command(["stat", "-c", "%a", file])).stdout).toBe("600\n");
    await target().ok(["rm", "-fv", "whole"]);
  });

  test("commit makes an image that runs, with its history and its size", async () => {
    await run(
      "made",
      "mkdir /d; echo a >/d/a; ln /d/a /d/b; chmod 4755 /d/a; rm /bin/vi; rm -r /var/spool; mkdir /var/spool",
    );
    const id = await target().ok([
      "commit",
      ...[
        "-m",
        "why",
        "-a",
        "me",
        "-c",
        "ENV A=b",
        "-c",
        'CMD ["sh", "-c", "echo $A"]',
        "-c",
        "EXPOSE 80",
        "-c",
        "LABEL l=v",
      ],
      "made",
      "made:1",
    ]);
    expect(id).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(await target().ok(["run", "--rm", "made:1"])).toBe("b\n");
    expect(
      await target().ok([
        "run",
        "--rm",
        "made:1",
        "sh",
        "-c",
        "stat -c '%a %h' /d/b; ls /bin/vi /var/spool 2>&1; true",
      ]),
    ).toBe("4755 2\nls: /bin/vi: No such file or directory\n/var/spool:\n");
    const format =
      "{{.Comment}} {{.Author}} {{json .Config.Env}} {{json .Config.ExposedPorts}} {{.Config.Labels.l}} {{len .RootFS.Layers}}";
    expect(await target().ok(["image", "inspect", "-f", format, "made:1"])).toBe(
      'why me ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","A=b"] {"80/tcp":{}} v 2\n',
    );
    const history = await target().ok([
      "history",
      "--format",
      "{{.CreatedBy}}|{{.Size}}|{{.Comment}}",
      "--no-trunc",
      "made:1",
    ]);
    expect(history.split("\n")[0]).toMatch(/^sh -c mkdir \/d; .*\|2B\|why$/);
    expect(await target().ok(["ps", "-s", "--filter", "name=made", "--format", "{{.Size}}"])).toMatch(
      /^2B \(virtual 1\.98MB\)\n$/,
    );
    for (const [args, message] of [
      [["-c", "run x"], "run is not a valid change command"],
      [["-c", "ENV"], "ENV requires at least one argument"],
    ] as const) {
      const { code, stderr } = await target().run(["commit", ...args, "made"]);
      expect([code, stderr]).toEqual([1, `Error response from daemon: ${message}\n`]);
    }
    expect((await target().run(["commit", "made", "Bad"])).stderr).toMatch(
      /invalid reference format: repository name \(library\/Bad\) must be lowercase/,
    );
    await target().ok(["rm", "-f", "made"]);
    await target().ok(["rmi", "made:1"]);
  });

  test("what is done to files is told as events", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "f"), "");
    await run("told", ":");
    // From the past on: the command may be slower to listen than the container to start. By the id: events are kept.
    const container = (await target().ok(["inspect", "-f", "{{.Id}}", "told"])).trim();
    const events = target().start([
      ...["events", "--since", "0", "--filter", `container=${container}`, "--format", "{{.Action}}"],
    ]);
    await events.waitFor(/start/);
    await target().ok(["cp", join(folder, "f"), "told:/f"]);
    await target().ok(["cp", "told:/f", join(folder, "g")]);
    await target().ok(["export", "-o", join(folder, "e.tar"), "told"]);
    const id = (await target().ok(["commit", "told"])).trim();
    await events.waitFor(/unpause/);
    events.signal("SIGINT");
    await events.end();
    const actions = events
      .output()
      .split("\n")
      .filter((line) => /archive|extract|export|commit|pause/.test(line));
    expect(actions).toEqual(["extract-to-dir", "archive-path", "export", "pause", "commit", "unpause"]);
    await target().ok(["rm", "-f", "told"]);
    await target().ok(["rmi", id]);
  });
}

type Run = (name: string, script: string, ...flags: readonly string[]) => Promise<void>;

/** Where copies land on this machine: a file's text, `name/` for folders, `name>target` for links, or a refusal. */
function describeOut(target: () => Target, scratch: () => string, run: Run): void {
  const refusedPath = "invalid output path: directory";
  const notFolder = "not a directory";
  const table: readonly (readonly [source: string, outcomes: Readonly<Record<string, string>>])[] = [
    [
      "/d",
      {
        new: "new/ new/a=a",
        "new/": "new/ new/a=a",
        dir: "dir/d/ dir/d/a=a",
        "dir/": "dir/d/ dir/d/a=a",
        file: "cannot copy directory",
      },
    ],
    ["/d/", { new: "new/ new/a=a", "new/": "new/ new/a=a", dir: "dir/d/ dir/d/a=a", file: "cannot copy directory" }],
    ["/d/.", { new: "new/ new/a=a", dir: "dir/a=a", "dir/": "dir/a=a", file: "cannot copy directory" }],
    ["/file", { new: "new=f", "new/": "no such directory", dir: "dir/file=f", "dir/": "dir/file=f", file: "file=f" }],
    ["/file/", { new: notFolder, dir: notFolder, file: notFolder }],
    ["/ld", { new: "new>/d", "new/": "no such directory", dir: "dir/ld>/d", file: "file>/d" }],
    ["/ld/", { new: "new/ new/a=a", dir: "dir/ld/ dir/ld/a=a" }],
    ["/lf", { new: "new>/file", dir: "dir/lf>/file", file: "file>/file" }],
    ["/nope", { new: "Could not find the file /nope in container out", dir: "Could not find the file /nope" }],
  ];

  test("cp out of a container: every kind of source to every kind of destination", async () => {
    await run("out", "mkdir /d; printf a >/d/a; printf f >/file; ln -s /d /ld; ln -s /file /lf");
    const landed: Record<string, string> = {};
    const wanted: Record<string, string> = {};
    for (const [source, outcomes] of table) {
      for (const [destination, outcome] of Object.entries({
        ...outcomes,
        "none/new": refusedPath,
        "file/": notFolder,
      })) {
        const here = scratch();
        mkdirSync(join(here, "dir"));
        writeFileSync(join(here, "file"), "old");
        const { code, stderr } = await target().run(["cp", `out:${source}`, destination], { cwd: here });
        const tree = await listing(here);
        const row = `${source} to ${destination}`;
        wanted[row] = outcome;
        landed[row] = code === 0 ? tree : stderr.includes(outcome) ? outcome : `${code} ${stderr}`;
        rmSync(here, { recursive: true });
      }
    }
    expect(landed).toEqual(wanted);
  });
}

/** Everything new below a folder, in order. */
async function listing(folder: string): Promise<string> {
  const script = `find . -mindepth 1 \\( -type l -printf '%P>%l\\n' -o -type d -printf '%P/\\n' -o -printf '%P\\n' \\) | sort`;
  const { stdout } = await command(["sh", "-c", script], { cwd: folder });
  return stdout
    .split("\n")
    .filter((line) => line !== "" && line !== "dir/")
    .map((line) => (/[>/]$|>/.test(line) ? line : `${line}=${readFileSync(join(folder, line), "utf8")}`))
    .filter((line) => line !== "file=old")
    .join(" ");
}

/** Where copies land in a container; each row has a folder of its own there. */
function describeIn(
  target: () => Target,
  scratch: () => string,
  run: Run,
  inside: (name: string, script: string) => Promise<string>,
): void {
  const missing = "Could not find the file";
  const table: readonly (readonly [source: string, outcomes: Readonly<Record<string, string>>])[] = [
    [
      "src",
      {
        new: "new/ new/a",
        "new/": "new/ new/a",
        dir: "dir/src/ dir/src/a",
        "dir/": "dir/src/ dir/src/a",
        file: "cannot copy directory",
        "file/": "cannot overwrite non-directory",
        ldir: "dir/src/ dir/src/a",
        "ldir/": "dir/src/ dir/src/a",
        lfile: "cannot copy directory",
        ldang: "nothing/ nothing/a",
      },
    ],
    ["src/", { new: "new/ new/a", dir: "dir/src/ dir/src/a", file: "cannot copy directory" }],
    ["src/.", { new: "new/ new/a", dir: "dir/a", ldir: "dir/a", ldang: "nothing/ nothing/a" }],
    [
      "one",
      {
        new: "new",
        "new/": "no such directory",
        dir: "dir/one",
        "dir/": "dir/one",
        file: "",
        "file/": "no such directory",
        ldir: "dir/one",
        lfile: "",
        ldang: "nothing",
      },
    ],
    ["one/", { new: "not a directory", dir: "not a directory" }],
    ["link", { new: "new", dir: "dir/link", ldir: "dir/link" }],
    ["none", { new: "lstat SCRATCH/none: no such file or directory" }],
  ];

  test("cp into a container: every kind of source to every kind of destination", async () => {
    const here = scratch();
    mkdirSync(join(here, "src"));
    writeFileSync(join(here, "src/a"), "a");
    writeFileSync(join(here, "one"), "1");
    symlinkSync("one", join(here, "link"));
    const rows = table.flatMap(([source, outcomes]) =>
      Object.entries({
        ...outcomes,
        ...(source === "none" || source === "one/" ? {} : { "none/new": missing, lnone: missing }),
      }).map(([destination, outcome]) => ({ source, destination, outcome })),
    );
    await run(
      "into",
      `for i in $(seq 0 ${rows.length - 1}); do mkdir -p /t$i/dir; echo old >/t$i/file; ln -s dir /t$i/ldir; ln -s file /t$i/lfile; ln -s nothing /t$i/ldang; ln -s no/thing /t$i/lnone; done`,
    );
    const outcomes: (string | undefined)[] = [];
    for (const [index, { source, destination, outcome }] of rows.entries()) {
      const { code, stderr } = await target().run(["cp", source, `into:/t${index}/${destination}`], { cwd: here });
      const shown = stderr.replaceAll(here, "SCRATCH");
      outcomes.push(code === 0 ? undefined : shown.includes(outcome) ? outcome : `${code} ${shown}`);
    }
    const script = `for i in $(seq 0 ${rows.length - 1}); do cd /t$i; echo $(find . -mindepth 1 \\( -type d -exec printf '%s/\\n' {} \\; -o -print \\) | sort | sed 's|^\\./||' | grep -v -x -E 'dir/|file|l(dir|file|dang|none)'); done`;
    const trees = (await inside("into", script)).split("\n");
    expect(
      rows.map(({ source, destination }, index) => `${source} to ${destination}: ${outcomes[index] ?? trees[index]}`),
    ).toEqual(rows.map(({ source, destination, outcome }) => `${source} to ${destination}: ${outcome}`));
  });

  test("cp -L copies what links lead to, -a keeps to the container's user", async () => {
    const here = scratch();
    writeFileSync(join(here, "one"), "1");
    symlinkSync("one", join(here, "link"));
    cpSync(join(here, "one"), join(here, "two"));
    await run("linked", "printf f >/file; ln -s /file /lf; mkdir /t");
    await target().ok(["cp", "-L", join(here, "link"), "linked:/t/"]);
    await target().ok(["cp", "-L", "linked:/lf", join(here, "out")]);
    await target().ok(["cp", "-a", join(here, "two"), "linked:/t/"]);
    expect(await inside("linked", "readlink /t/link; cat /t/link; stat -c %u /t/two")).toBe("10\n");
    expect(readFileSync(join(here, "out"), "utf8")).toBe("f");
  });
}

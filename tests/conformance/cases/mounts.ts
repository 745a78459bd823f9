import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../../tools/lab/command.ts";
import { fieldTable, refusalTable, type FieldRow, type RefusalRow } from "../field-table.ts";
import type { Target } from "../target.ts";

const rows: readonly FieldRow[] = [
  {
    name: "--mount type=volume",
    flags: ["--mount", "type=volume,src=plain,dst=/m"],
    inspect: [
      "{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.Driver}} {{.Mode}} {{.RW}}{{end}}",
      "volume plain /m local z true\n",
    ],
    line: "touch /m/x && echo written",
    prints: "written\n",
  },
  {
    name: "--mount type=volume,readonly",
    flags: ["--mount", "type=volume,src=plain,dst=/m,readonly"],
    inspect: ["{{range .Mounts}}{{.RW}}{{end}}", "false\n"],
    line: "touch /m/x 2>&1 || true",
    prints: "touch: /m/x: Read-only file system\n",
  },
  {
    name: "a volume with the options of mount(8)",
    flags: [
      "--mount",
      "type=volume,src=quick,dst=/m,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=1m",
    ],
    inspect: [
      "{{json (index .HostConfig.Mounts 0).VolumeOptions.DriverConfig.Options}}",
      '{"device":"tmpfs","o":"size=1m","type":"tmpfs"}\n',
    ],
    line: "df -k /m | tail -1 | awk '{print $2}'; ls -A /m; touch /m/x",
    prints: "1024\n",
  },
  {
    name: "--mount type=tmpfs with size and mode",
    flags: ["--mount", "type=tmpfs,dst=/m,tmpfs-size=1m,tmpfs-mode=700"],
    inspect: ["{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}}{{end}}", "tmpfs /m true\n"],
    line: "stat -c %a /m; grep ' /m ' /proc/mounts | cut -d' ' -f3,4 | cut -d, -f1-6",
    prints: "700\ntmpfs rw,nosuid,nodev,noexec,relatime,size=1024k\n",
  },
  {
    name: "--tmpfs with owner and inodes",
    flags: ["--tmpfs", "/t:uid=5,gid=6,nr_inodes=100,noatime,exec"],
    line: "stat -c '%u %g %a' /t; grep ' /t ' /proc/mounts | grep -c noexec; grep -c 'noatime,nr_inodes=100,uid=5,gid=6' /proc/mounts",
    prints: "5 6 1777\n0\n1\n",
  },
  {
    name: "the engine's socket",
    flags: ["--use-api-socket"],
    inspect: ["{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}}{{end}}", "bind /var/run/docker.sock true\n"],
    line: "test -S /var/run/docker.sock && echo there",
    prints: "there\n",
  },
  {
    name: "consistency does nothing on Linux",
    flags: ["-v", "plain:/m:cached", "--mount", "type=volume,src=plain,dst=/n,consistency=delegated"],
    inspect: ["{{range .Mounts}}{{.RW}} {{end}}", "true true \n"],
  },
];

const refusals: readonly RefusalRow[] = [
  { name: "two access modes", flags: ["-v", "/tmp:/m:ro,rw"], says: "invalid mode: ro,rw" },
  { name: "an unknown mode", flags: ["-v", "/tmp:/m:bogus"], says: "invalid mode: bogus" },
  {
    name: "nocopy of a bind",
    flags: ["-v", "/tmp:/m:nocopy"],
    says: "invalid volume specification: '/tmp:/m:nocopy': invalid mount config for type \"bind\": field VolumeOptions must not be specified",
  },
  {
    name: "a bind over the root",
    flags: ["-v", "/tmp:/"],
    says: "invalid volume specification: '/tmp:/': invalid mount config for type \"bind\": invalid specification: destination can't be '/'",
  },
  {
    name: "a relative target",
    flags: ["-v", "/tmp:rel"],
    says: "invalid volume specification: '/tmp:rel': invalid mount config for type \"bind\": invalid mount path: 'rel' mount path must be absolute",
  },
  {
    name: "an unknown propagation",
    flags: ["--mount", "type=bind,src=/tmp,dst=/m,bind-propagation=bogus"],
    says: 'invalid mount config for type "bind": invalid propagation mode: bogus',
  },
  ...["bogus", "npipe", "cluster"].map((type): RefusalRow => ({
    name: `mounts of type ${type}`,
    flags: ["--mount", `type=${type},src=x,dst=/m`],
    says: `invalid mount config for type "${type}": mount type unknown`,
  })),
  {
    name: "a read-only anonymous volume",
    flags: ["--mount", "type=volume,dst=/m,readonly"],
    says: 'invalid mount config for type "volume": must not set ReadOnly mode when using anonymous volumes',
  },
  {
    name: "a tmpfs with a source",
    flags: ["--mount", "type=tmpfs,src=x,dst=/m"],
    says: 'invalid mount config for type "tmpfs": field Source must not be specified',
  },
  { name: "an unknown option of tmpfs", flags: ["--tmpfs", "/t:bogus"], says: 'invalid tmpfs option ["bogus"]' },
  {
    name: "an unknown option of tmpfs with a value",
    flags: ["--tmpfs", "/t:huge=never"],
    says: 'invalid tmpfs option ["huge" "never"]',
  },
  { name: "a tmpfs over the root", flags: ["--tmpfs", "/"], says: "invalid specification: destination can't be '/'" },
  {
    name: "an unknown option of a volume",
    flags: ["--mount", "type=volume,src=bad,dst=/m,volume-opt=bogus=1"],
    says: 'create bad: invalid option: "bogus"',
  },
  {
    name: "a volume option without its companion",
    flags: ["--mount", "type=volume,src=bad,dst=/m,volume-opt=type=tmpfs"],
    says: 'create bad: missing required option: "device"',
  },
  {
    name: "a volume whose device is not there",
    flags: [
      "--mount",
      "type=volume,src=gone,dst=/m,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/no/such/dir",
    ],
    // docker-compat: by the kernel's words it is taken for a command that was not found.
    code: 127,
    says: /error while mounting volume '.*\/gone\/_data': failed to mount local volume: mount \/no\/such\/dir:.*\/gone\/_data, flags: 0x1000: no such file or directory/,
  },
  {
    name: "a share of NFS that nobody serves",
    flags: [
      "--mount",
      "type=volume,src=share,dst=/m,volume-opt=type=nfs,volume-opt=o=addr=localhost,volume-opt=device=:/share",
    ],
    // Without NFS in the kernel there is no such device, with it nobody answers.
    says: /error while mounting volume '.*\/share\/_data': failed to mount local volume: mount :\/share:.*\/share\/_data, data: addr=127\.0\.0\.1: [a-z ]+/,
  },
  ...[
    ["a file over a directory", "-v", "/etc/hostname:/bin"],
    ["a directory over a file", "-v", "/tmp:/etc/passwd"],
    ["a directory below a file", "-v", "/tmp:/etc/passwd/x"],
    ["a tmpfs over a file", "--tmpfs", "/etc/passwd"],
  ].map(([name = "", ...flags]): RefusalRow => ({
    name,
    flags,
    says: "not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type",
  })),
  { name: "a bind over /proc", flags: ["-v", "/tmp:/proc"], says: "cannot be mounted because it is not of type proc" },
  {
    name: "a bind inside /proc",
    flags: ["-v", "/tmp:/proc/sys/x"],
    says: "cannot be mounted because it is inside /proc",
  },
  { name: "volumes of nobody", flags: ["--volumes-from", "nobody"], says: "No such container: nobody" },
  { name: "volumes-from with a bad mode", flags: ["--volumes-from", "nobody:bogus"], says: "invalid mode: bogus" },
  { name: "volumes-from without copying", flags: ["--volumes-from", "nobody:nocopy"], says: "invalid mode: nocopy" },
];

/** Mounts of every kind. */
export function mountCases(target: () => Target): void {
  fieldTable(target, rows);
  refusalTable(target, refusals);

  const folder = (name: string): string => {
    const path = join(target().scratch, `${name}-${target().name.replace(":", "-")}`);
    mkdirSync(path, { recursive: true });
    return path;
  };

  test("--volumes-from takes over everything but tmpfs, read-only on demand", async () => {
    const engine = target();
    const host = folder("from");
    await engine.ok([
      "create",
      "--name",
      "src",
      "-v",
      "plain:/n",
      "-v",
      "/anon",
      "-v",
      `${host}:/h:ro`,
      "--tmpfs",
      "/t",
      "busybox",
    ]);
    const template = "{{range .Mounts}}{{.Type}} {{.Destination}} [{{.Mode}}] {{.RW}}\n{{end}}";
    for (const [mode, rw] of [
      ["", true],
      [":ro", false],
      [":rw", true],
      [":ro,z", false],
    ] as const) {
      await engine.ok(["create", "--name", "taker", "--volumes-from", `src${mode}`, "busybox"]);
      const lines = (await engine.ok(["inspect", "-f", template, "taker"])).trim().split("\n").toSorted();
      expect(lines).toEqual([`bind /h [] false`, `volume /anon [] ${rw}`, `volume /n [] ${rw}`]);
      await engine.ok(["rm", "taker"]);
    }
    await engine.ok(["create", "--name", "taker", "--volumes-from", "src", "-v", "/tmp:/h", "busybox"]);
    expect(
      await engine.ok([
        "inspect",
        "-f",
        '{{range .Mounts}}{{if eq .Destination "/h"}}{{.Source}}{{end}}{{end}}',
        "taker",
      ]),
    ).toBe("/tmp\n");
    await engine.ok(["rm", "-v", "taker", "src"]);
  });

  test("a volume may be a folder of the host", async () => {
    const host = folder("device");
    writeFileSync(join(host, "f"), "data\n");
    const mount = `type=volume,src=bound-${target().name.replace(":", "-")},dst=/m,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=${host}`;
    expect(await target().ok(["run", "--rm", "--mount", mount, "busybox", "cat", "/m/f"])).toBe("data\n");
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain("/bound-");
  });

  test("two containers share one mounted volume, which goes with the last one", async () => {
    const engine = target();
    const mount = "type=volume,src=shared,dst=/m,volume-opt=type=tmpfs,volume-opt=device=tmpfs";
    await engine.ok(["run", "-d", "--name", "one", "--mount", mount, "busybox", "sh", "-c", "echo hi >/m/f; sleep 60"]);
    const line = "until [ -s /m/f ]; do sleep 0.1; done; cat /m/f";
    expect(await engine.ok(["run", "--rm", "-v", "shared:/m", "busybox", "sh", "-c", line])).toBe("hi\n");
    expect(await engine.ok(["exec", "one", "cat", "/m/f"])).toBe("hi\n");
    await engine.ok(["rm", "-f", "one"]);
    expect(await engine.ok(["run", "--rm", "-v", "shared:/m", "busybox", "ls", "-A", "/m"])).toBe("");
  });

  // What follows is newer than the reference engine.
  const newer = (name: string, body: (engine: Target) => Promise<void>): void =>
    test(name, async () => {
      const engine = target();
      if (engine.engine.kind === "dockerd") return;
      await body(engine);
      expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(`${engine.engine.dir}/exec/mounts`);
    });

  newer("a share of CIFS that nobody serves is told of without its password", async (engine) => {
    const options = '"volume-opt=o=username=me,password=secret,vers=3.0"';
    const mount = `type=volume,src=files,dst=/m,volume-opt=type=cifs,volume-opt=device=//127.0.0.1/files,${options}`;
    const { code, stderr } = await engine.run(["run", "--rm", "--mount", mount, "busybox", "true"]);
    expect(code).toBe(125);
    expect(stderr).toMatch(/mount \/\/127\.0\.0\.1\/files:.*, data: username=me,password=\*{8},vers=3\.0: [a-z ]+/);
  });

  newer("volume-subpath: folders and files, links only inside the volume", async (engine) => {
    const make =
      "mkdir -p /v/a/b; echo one >/v/a/b/f; ln -sfn a/b /v/link; ln -sfn /etc /v/escape; ln -sf ../../../../../etc/passwd /v/up";
    await engine.ok(["run", "--rm", "-v", "deep:/v", "busybox", "sh", "-c", make]);
    const run = (subpath: string, ...command: string[]) =>
      engine.run([
        "run",
        "--rm",
        "--mount",
        `type=volume,src=deep,dst=/m,volume-subpath=${subpath}`,
        "busybox",
        ...command,
      ]);
    expect((await run("a/b", "cat", "/m/f")).stdout).toBe("one\n");
    expect((await run("a/b/f", "cat", "/m")).stdout).toBe("one\n");
    expect((await run("link", "ls", "/m")).stdout).toBe("f\n");
    for (const outside of ["escape", "up", "nothing"]) {
      const refused = await run(outside, "ls", "/m");
      expect(refused.code).toBeGreaterThanOrEqual(125);
      expect(refused.stderr).toContain(`deep/_data/${outside}: no such file or directory`);
    }
    expect((await run("../x", "true")).stderr).toContain(
      'invalid mount config for type "volume": subpath must be a relative path within the volume',
    );
  });

  newer("volume-subpath: a link that is swapped meanwhile leads nowhere else", async (engine) => {
    await engine.ok([
      "run",
      "--rm",
      "-v",
      "swapped:/v",
      "busybox",
      "sh",
      "-c",
      "mkdir /v/a && echo safe >/v/a/hostname",
    ]);
    const swap = "while :; do ln -sfn a /v/p; ln -sfn /etc /v/p; ln -sfn ../../../../../../etc /v/p; done";
    await engine.ok(["run", "-d", "--name", "swapper", "-v", "swapped:/v", "busybox", "sh", "-c", swap]);
    const mount = "type=volume,src=swapped,dst=/m,volume-subpath=p";
    for (let round = 0; round < 12; round++) {
      const { code, stdout } = await engine.run(["run", "--rm", "--mount", mount, "busybox", "cat", "/m/hostname"]);
      if (code === 0) expect(stdout).toBe("safe\n");
      else expect(code).toBeGreaterThanOrEqual(125);
    }
    await engine.ok(["rm", "-f", "swapper"]);
  });

  test("a symlink of the image leads no mount into /proc", async () => {
    const engine = target();
    await engine.ok(["run", "--name", "linker", "busybox", "ln", "-s", "/proc/sys", "/link"]);
    await engine.ok(["commit", "linker", "linked"]);
    const { code, stderr } = await engine.run(["run", "--rm", "-v", "/tmp:/link", "linked", "true"]);
    expect([code, stderr]).toEqual([125, expect.stringContaining("cannot be mounted because it is inside /proc")]);
    await engine.ok(["rm", "linker"]);
    await engine.ok(["rmi", "linked"]);
  });

  newer("type=image mounts an image's files, read-only, or a part of them", async (engine) => {
    const run = (options: string, line: string) =>
      engine.run(["run", "--rm", "--mount", `type=image,src=fixture,dst=/img${options}`, "busybox", "sh", "-c", line]);
    expect((await run("", "ls -d /img/etc; touch /img/x")).stdout).toBe("/img/etc\n");
    expect((await run("", "touch /img/x")).stderr).toBe("touch: /img/x: Read-only file system\n");
    expect((await run(",image-subpath=etc", "test -f /img/passwd && echo there")).stdout).toBe("there\n");
    expect((await run(",image-subpath=nothing", "true")).code).toBeGreaterThanOrEqual(125);
    await engine.ok(["create", "--name", "field", "--mount", "type=image,src=fixture,dst=/img", "busybox"]);
    const printed = await engine.ok([
      "inspect",
      "-f",
      "{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.RW}}{{end}}",
      "field",
    ]);
    expect(printed).toBe("image fixture /img false\n");
    const unknown = await engine.run(["create", "--mount", "type=image,src=nothing,dst=/img", "busybox"]);
    expect(unknown.stderr).toContain("No such image: nothing");
    await engine.ok(["rm", "field"]);
  });

  newer("bind-recursive says what becomes read-only, and what is taken along", async (engine) => {
    const host = folder("recursive");
    mkdirSync(join(host, "sub"));
    await mustRun(["mount", "-t", "tmpfs", "tmpfs", join(host, "sub")]);
    try {
      for (const [recursive, prints] of [
        ["enabled", "top ro, below ro, 1"],
        ["writable", "top ro, below rw, 1"],
        ["readonly", "top ro, below ro, 1"],
        ["disabled", "top ro, below ro, 0"],
      ] as const) {
        const mount = `type=bind,src=${host},dst=/m,readonly,bind-recursive=${recursive},bind-propagation=rprivate`;
        const line =
          "w() { touch $1/x 2>/dev/null && echo rw || echo ro; }; echo \"top $(w /m), below $(w /m/sub), $(grep -c ' /m/sub ' /proc/mounts)\"";
        expect(await engine.ok(["run", "--rm", "--mount", mount, "busybox", "sh", "-c", line])).toBe(`${prints}\n`);
      }
    } finally {
      await mustRun(["umount", join(host, "sub")]);
    }
  });

  newer("a volume made by a mount keeps its labels", async (engine) => {
    await engine.ok([
      "create",
      "--name",
      "field",
      "--mount",
      "type=volume,src=marked,dst=/m,volume-label=a=b",
      "-v",
      "/anon",
      "busybox",
    ]);
    const { Volumes } = JSON.parse((await engine.api("GET", "/system/df")).text) as {
      Volumes: readonly { readonly Name: string; readonly Labels: Readonly<Record<string, string>> | null }[];
    };
    expect(Volumes.find(({ Name }) => Name === "marked")?.Labels).toEqual({ a: "b" });
    expect(Volumes.filter(({ Labels }) => Labels?.["com.docker.volume.anonymous"] === "")).not.toBeEmpty();
    await engine.ok(["rm", "-v", "field"]);
  });
}

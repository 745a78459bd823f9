import { expect, test } from "bun:test";
import type { Target } from "../target.ts";

/** `volume …`. */
export function volumeCommandCases(target: () => Target): void {
  const ok = (...args: string[]): Promise<string> => target().ok(args);

  test("volume create, ls, inspect and rm", async () => {
    expect(await ok("volume", "create", "--label", "a=b", "cmd-vol")).toBe("cmd-vol\n");
    expect(await ok("volume", "create", "cmd-vol")).toBe("cmd-vol\n");
    expect(await ok("volume", "ls", "-f", "name=cmd-vol")).toBe("DRIVER    VOLUME NAME\nlocal     cmd-vol\n");
    expect(await ok("volume", "ls", "-q", "-f", "label=a=b")).toBe("cmd-vol\n");
    expect(await ok("volume", "ls", "-q", "-f", "name=^cmd-.ol$", "-f", "driver=local")).toBe("cmd-vol\n");
    expect(await ok("volume", "ls", "-q", "-f", "name=^md-vol$")).toBe("");
    expect(
      await ok("volume", "ls", "-f", "name=cmd-vol", "--format", "{{.Name}} {{.Scope}} {{.Labels}} {{.Size}}"),
    ).toBe("cmd-vol local a=b N/A\n");
    expect(await ok("volume", "inspect", "-f", "{{.Name}} {{.Driver}} {{.Labels}} {{.Options}}", "cmd-vol")).toBe(
      "cmd-vol local map[a:b] map[]\n",
    );
    expect(await ok("inspect", "-f", "{{.Name}} {{.Mountpoint}}", "cmd-vol")).toMatch(
      /^cmd-vol \/.+\/cmd-vol\/_data\n$/,
    );
    expect(await ok("inspect", "--type", "volume", "-f", "{{.Scope}}", "cmd-vol")).toBe("local\n");
    expect(await ok("volume", "rm", "cmd-vol")).toBe("cmd-vol\n");
    const gone = await target().run(["volume", "rm", "cmd-vol"]);
    expect(gone).toMatchObject({ code: 1, stdout: "" });
    expect(gone.stderr).toContain("get cmd-vol: no such volume");
    expect(await ok("volume", "rm", "-f", "cmd-vol")).toBe("cmd-vol\n");
    const nothing = await target().run(["inspect", "cmd-vol"]);
    expect(nothing).toMatchObject({ code: 1, stdout: "[]\n" });
    expect(nothing.stderr.toLowerCase()).toContain("no such object: cmd-vol");
  });

  test("volume create chooses a name, takes the driver's options, refuses what is wrong", async () => {
    const name = (await ok("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "--opt", "o=size=1m")).trim();
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    expect(await ok("volume", "inspect", "-f", "{{.Options}}", name)).toBe("map[device:tmpfs o:size=1m type:tmpfs]\n");
    await ok("volume", "rm", name);
    const driver = await target().run(["volume", "create", "-d", "nosuch", "x"]);
    expect(driver.code).toBe(1);
    expect(driver.stderr).toContain('plugin "nosuch" not found');
    const short = await target().run(["volume", "create", "x"]);
    expect(short.code).toBe(1);
    expect(short.stderr).toContain("volume name is too short");
  });

  test("a volume in use stays", async () => {
    await ok("volume", "create", "busy");
    await ok("create", "--name", "holder", "-v", "busy:/d", "busybox");
    const refused = await target().run(["volume", "rm", "-f", "busy"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("remove busy: volume is in use - [");
    expect(await ok("volume", "ls", "-q", "-f", "dangling=false")).toBe("busy\n");
    await ok("rm", "holder");
    await ok("volume", "rm", "busy");
  });

  test("volume prune and system prune take what nobody uses", async () => {
    await ok("volume", "create", "kept");
    await ok("create", "--name", "holder", "-v", "kept:/d", "busybox");
    const anonymous = (await ok("volume", "create")).trim();
    expect(await ok("volume", "prune", "-f", "--filter", "label!=none")).toBe(
      `Deleted Volumes:\n${anonymous}\n\nTotal reclaimed space: 0B\n`,
    );
    expect(await ok("volume", "prune", "-f")).toBe("Total reclaimed space: 0B\n");
    const other = (await ok("volume", "create")).trim();
    await ok("start", "-a", "holder");
    await ok("run", "-d", "--name", "user", "-v", "kept:/d", "busybox", "sleep", "100");
    // An engine without a build cache makes it fail in the end.
    const { stdout } = await target().run(["system", "prune", "-f", "--volumes", "--filter", "label!=x"]);
    expect(stdout).toContain(`Deleted Volumes:\n${other}\n\n`);
    expect(await ok("volume", "ls", "-q")).toBe("kept\n");
    await ok("rm", "-f", "user");
    await ok("volume", "rm", "kept");
  });
}

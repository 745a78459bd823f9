import { expect, test } from "bun:test";
import type { Target } from "../target.ts";

interface Volume {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Options: Readonly<Record<string, string>> | null;
}

/** Volumes by the API, and what they keep. */
export function volumeCases(target: () => Target): void {
  const make = async (body: unknown): Promise<Volume> => {
    const { status, text } = await target().api("POST", "/volumes/create", body);
    expect(status).toBe(201);
    return JSON.parse(text) as Volume;
  };
  const names = async (filters: unknown): Promise<readonly string[]> => {
    const { text } = await target().api("GET", `/volumes?filters=${encodeURIComponent(JSON.stringify(filters))}`);
    return (JSON.parse(text) as { Volumes: Volume[] }).Volumes.map(({ Name }) => Name).toSorted();
  };
  const remove = (name: string) => target().api("DELETE", `/volumes/${name}`);

  test("volumes are made once, shown, listed and removed", async () => {
    expect(await make({ Name: "kept", Labels: { a: "b" } })).toMatchObject({
      Name: "kept",
      Driver: "local",
      Scope: "local",
      Labels: { a: "b" },
      Options: null,
    });
    expect((await make({ Name: "kept", Labels: { c: "d" } })).Labels).toEqual({ a: "b" });
    await make({ Name: "other" });
    expect(await names({ name: ["ke"] })).toEqual(["kept"]);
    expect(await names({ label: ["a=b"] })).toEqual(["kept"]);
    expect(await names({ driver: ["nosuch"] })).toEqual([]);
    expect((await target().api("GET", "/volumes/kept")).status).toBe(200);
    for (const name of ["kept", "other"]) expect((await remove(name)).status).toBe(204);
    const gone = await remove("kept");
    expect(gone.status).toBe(404);
    expect(gone.text).toContain("get kept: no such volume");
    expect((await target().api("DELETE", "/volumes/kept?force=1")).status).toBe(204);
  });

  test("data outlives containers; a volume in use stays", async () => {
    await make({ Name: "data" });
    await target().ok(["run", "--rm", "-v", "data:/d", "busybox", "sh", "-c", "echo written > /d/file"]);
    await target().ok(["create", "--name", "holder", "-v", "data:/d", "busybox", "cat", "/d/file"]);
    const refused = await remove("data");
    expect(refused.status).toBe(409);
    expect(refused.text).toContain("remove data: volume is in use - [");
    expect(await names({ dangling: ["false"] })).toContain("data");
    expect(await target().ok(["start", "-a", "holder"])).toBe("written\n");
    await target().ok(["rm", "holder"]);
    expect((await remove("data")).status).toBe(204);
  });

  test("a volume of the driver's options is mounted while it is used", async () => {
    await make({ Name: "memory", DriverOpts: { type: "tmpfs", device: "tmpfs", o: "size=1m" } });
    const shown = await target().ok(["run", "--rm", "-v", "memory:/m", "busybox", "grep", " /m ", "/proc/mounts"]);
    expect(shown).toContain("tmpfs");
    expect(shown).toContain("size=1024k");
    expect((await remove("memory")).status).toBe(204);
  });

  test.each([
    [{ Name: "x" }, 400, "create x: volume name is too short, names should be at least two alphanumeric characters"],
    [
      { Name: "a/b" },
      400,
      'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    ],
    ...["../x", "a\u0000b", ".hidden", "a b", "-a", "ü"].map(
      (Name) =>
        [
          { Name },
          400,
          `create ${Name}: ${JSON.stringify(Name).replace("\\u0000", "\\x00")} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
        ] as const,
    ),
    [{ Name: "vv", DriverOpts: { TYPE: "tmpfs", device: "x" } }, 400, 'create vv: invalid option: "TYPE"'],
    [
      { Name: "vv", Driver: "nosuch" },
      404,
      'create vv: error looking up volume plugin nosuch: plugin "nosuch" not found',
    ],
    [{ Name: "vv", DriverOpts: { bad: "1" } }, 400, 'create vv: invalid option: "bad"'],
    [{ Name: "vv", DriverOpts: { type: "tmpfs" } }, 400, 'create vv: missing required option: "device"'],
  ])("create of %j is refused", async (body, status, message) => {
    const answer = await target().api("POST", "/volumes/create", body);
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.text) as { message: string }).message).toBe(message);
  });

  test.each([
    ["a%00b", 404],
    ["a%2Fb", 404],
  ])("no volume is called %s", async (name, status) => {
    for (const method of ["GET", "DELETE"])
      expect((await target().api(method, `/volumes/${name}`)).status).toBe(status);
  });

  test("prune takes those that nobody named and nobody has", async () => {
    const { Name } = await make({});
    const { text } = await target().api("POST", "/volumes/prune");
    expect((JSON.parse(text) as { VolumesDeleted: string[] }).VolumesDeleted).toContain(Name);
    expect((await target().api("GET", `/volumes/${Name}`)).status).toBe(404);
  });
}

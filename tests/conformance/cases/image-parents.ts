import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Target } from "../target.ts";

/** What is remembered of the image that an image was made of. */
export function imageParentCases(target: () => Target): void {
  /** An image without a name, of a container of `from` that wrote one file. */
  const committed = async (from: string, file: string): Promise<string> => {
    const container = (await target().ok(["create", from, "touch", `/${file}`])).trim();
    await target().ok(["start", "-a", container]);
    const id = (await target().ok(["commit", container])).trim();
    await target().ok(["rm", container]);
    return id;
  };
  const idOf = async (name: string): Promise<string> =>
    (await target().ok(["image", "inspect", "-f", "{{.Id}}", name])).trim();
  const lines = async (args: readonly string[]): Promise<string[]> =>
    (await target().ok(args)).split("\n").filter((line) => line !== "");
  const short = (id: string): string => id.slice(7, 19);

  test("commits know their parents: history, inspect, list, rmi", async () => {
    const busybox = await idOf("busybox");
    const middle = await committed("busybox", "one");
    const top = await committed(middle, "two");
    await target().ok(["tag", top, "line:top"]);
    expect(await target().ok(["image", "inspect", "-f", "{{.Parent}} {{.Id}}", "line:top"])).toBe(`${middle} ${top}\n`);
    const { text } = await target().api("GET", "/images/line:top/history");
    const history = JSON.parse(text) as { readonly Id: string; readonly Tags: readonly string[] | null }[];
    expect(history.slice(0, 3).map(({ Id }) => Id)).toEqual([top, middle, busybox]);
    expect(history.slice(0, 2).map(({ Tags }) => Tags)).toEqual([["line:top"], null]);
    expect(history[2]?.Tags).toContain("busybox:latest");

    // Without a name and with children: only `-a` shows it, and nothing takes it away.
    expect(await lines(["images", "-q"])).not.toContain(short(middle));
    expect(await lines(["images", "-aq"])).toContain(short(middle));
    expect(await lines(["images", "-q", "-f", "dangling=true"])).not.toContain(short(middle));
    expect(await target().run(["rmi", "-f", middle])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `conflict: unable to delete ${short(middle)} (cannot be forced) - image has dependent child images`,
      ),
    });
    await target().ok(["image", "prune", "-f"]);
    expect(await lines(["images", "-aq"])).toContain(short(middle));

    // Removed by its last name an image goes with the parents that nobody names.
    expect(await lines(["rmi", "line:top"])).toEqual([
      "Untagged: line:top",
      `Deleted: ${top}`,
      expect.stringMatching(/^Deleted: sha256:/),
      `Deleted: ${middle}`,
      expect.stringMatching(/^Deleted: sha256:/),
    ]);
    expect(await idOf("busybox")).toBe(busybox);
  });

  test("an archive carries parents that are in it", async () => {
    const middle = await committed("busybox", "one");
    const top = await committed(middle, "two");
    const file = join(target().scratch, `parents-${target().name.replace(":", "-")}.tar`);
    const parentOf = (id: string): Promise<string> => target().ok(["image", "inspect", "-f", "{{.Parent}}", id]);
    await target().ok(["save", "-o", file, middle, top]);
    await target().ok(["rmi", top]);
    await target().ok(["load", "-i", file]);
    expect(await parentOf(top)).toBe(`${middle}\n`);
    await target().ok(["save", "-o", file, top]);
    await target().ok(["rmi", top]);
    await target().ok(["load", "-i", file]);
    expect(await parentOf(top)).toBe("\n");
    await target().ok(["rmi", top]);
  });

  test("rmi --no-prune leaves the parents, which are dangling then", async () => {
    const middle = await committed("busybox", "one");
    const top = await committed(middle, "two");
    await target().ok(["rmi", "--no-prune", top]);
    expect(await lines(["images", "-q", "-f", "dangling=true"])).toEqual([short(middle)]);
    await target().ok(["rmi", middle]);
  });

  test("a parent that has a name loses it and stays", async () => {
    const middle = await committed("busybox", "one");
    await target().ok(["tag", middle, "line:middle"]);
    const top = await committed("line:middle", "two");
    expect(await lines(["rmi", "line:middle"])).toEqual(["Untagged: line:middle"]);
    expect(await lines(["images", "-aq"])).toContain(short(middle));
    await target().ok(["rmi", top]);
    expect(await lines(["images", "-aq"])).not.toContain(short(middle));
  });

  test("before and since, also of several images", async () => {
    const made: string[] = [];
    for (const file of ["one", "two", "three"]) made.push(await committed("busybox", file));
    const [first, second, third] = made as [string, string, string];
    // Of several 20.10 takes any, newer ones what all of them leave.
    const several = [
      [[`since=${first}`, `since=${second}`], [third]],
      [[`before=${third}`, `before=${second}`], [first]],
    ] as const;
    for (const [filters, shown] of [
      [[`since=${first}`], [second, third]],
      [[`before=${third}`], [first, second]],
      [[`since=${first}`, `before=${third}`], [second]],
      ...(target().engine.kind === "dockerd" ? [] : several),
    ] as const) {
      const found = await lines(["images", "-q", ...filters.flatMap((filter) => ["-f", filter])]);
      expect([filters, made.filter((id) => found.includes(short(id)))]).toEqual([filters, [...shown]]);
    }
    await target().ok(["rmi", ...made]);
  });
}

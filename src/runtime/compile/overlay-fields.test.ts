import { describe, expect, test } from "bun:test";
import { overlayFields, type Overlay } from "./overlay-fields.ts";

const overlay: Overlay = {
  lowerDirs: ["/data/layers/12/fs", "/data/layers/3/fs"],
  upper: { directory: "/data/s/upper", work: "/data/s/work" },
  options: ["index=off"],
  attrSet: 0,
  target: "",
  mappings: undefined,
};
const before = { major: 6, minor: 6 };
const data = (more: Partial<Overlay>): readonly string[] => {
  const fields = overlayFields({ ...overlay, ...more }, before);
  return [fields.base, fields.data];
};

describe("an overlay's fields", () => {
  test("have no text for mount(2) since Linux 6.7", () => {
    expect(overlayFields(overlay, { major: 6, minor: 7 })).toEqual({
      ...{ lower: overlay.lowerDirs, upper: "/data/s/upper", work: "/data/s/work" },
      ...{ options: ["index=off"], attrSet: 0, target: "", base: "", data: "" },
      ...{ idmapUid: "", idmapGid: "", ownerUid: 0, ownerGid: 0 },
    });
  });

  test("name layers below the folder that they share", () => {
    const rest = "upperdir=/data/s/upper,workdir=/data/s/work,index=off";
    expect(data({})).toEqual(["/data/layers/", `lowerdir=12/fs:3/fs,${rest}`]);
    expect(data({ lowerDirs: ["/data/layers/12/fs"] })).toEqual(["/data/layers/12/", `lowerdir=fs,${rest}`]);
    expect(data({ lowerDirs: ["/ab/c", "/abc/d"], upper: undefined })).toEqual(["/", "lowerdir=ab/c:abc/d,index=off"]);
  });

  test("escape what separates names and options, and quote a label", () => {
    const options = ["context=system_u:object_r:t:s0:c1,c2", "ro"];
    expect(data({ lowerDirs: ["/a:b/1", "/a:b/2,\\"], upper: undefined, options })).toEqual([
      "/a:b/",
      String.raw`lowerdir=1:2\,\\,context="system_u:object_r:t:s0:c1,c2",ro`,
    ]);
  });

  test("are refused when the text fills more than a page", () => {
    const lowerDirs = Array.from({ length: 300 }, (_, index) => `/layers/${"l".repeat(10)}${index}`);
    expect(() => overlayFields({ ...overlay, lowerDirs }, before)).toThrow("before Linux 6.7");
    expect(overlayFields({ ...overlay, lowerDirs }, { major: 6, minor: 7 }).lower).toHaveLength(300);
  });

  test("say whose on the disk is what the overlay makes for itself", () => {
    const map = (first: number): readonly [{ containerID: number; hostID: number; size: number }] => [
      { containerID: 0, hostID: first, size: 10 },
    ];
    expect(overlayFields({ ...overlay, mappings: { uid: map(1000), gid: map(2000) } }, before)).toMatchObject({
      ...{ idmapUid: "0 1000 10\n", idmapGid: "0 2000 10\n", ownerUid: 1000, ownerGid: 2000 },
    });
  });
});

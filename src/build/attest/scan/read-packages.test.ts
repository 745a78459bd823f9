import { expect, test } from "bun:test";
import { distributionOf, readerFor } from "./read-packages.ts";

const read = (path: string, text: string): readonly string[] =>
  (readerFor(path)?.(text) ?? []).map(({ type, name, version, architecture, license }) =>
    [type, name, version, architecture, license].join(" ").trim(),
  );

test("dpkg: what is installed whole; one file a package where there is no dpkg", () => {
  const status = `Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9
Description: GNU C Library
 more: of it

Package: gone
Status: deinstall ok config-files
Version: 1
`;
  expect(read("/var/lib/dpkg/status", status)).toEqual(["deb libc6 2.36-9 amd64"]);
  expect(read("/var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12\nArchitecture: amd64\n")).toEqual([
    "deb base-files 12 amd64",
  ]);
  expect(readerFor("/var/lib/dpkg/status.d/base.md5sums")).toBeUndefined();
});

test("apk, npm, Python", () => {
  expect(read("/lib/apk/db/installed", "C:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\n\nP:cut off\n")).toEqual([
    "apk musl 1.2.4-r2 x86_64 MIT",
  ]);
  expect(read("/app/node_modules/@a/b/package.json", '{"name":"@a/b","version":"1.0.0","license":"ISC"}')).toEqual([
    "npm @a/b 1.0.0  ISC",
  ]);
  expect(read("/app/node_modules/broken/package.json", "{")).toEqual([]);
  const metadata = "Metadata-Version: 2.1\nName: requests\nVersion: 2.31.0\nLicense: Apache 2.0\n\nName: in the text\n";
  expect(read("/usr/lib/python3/dist-packages/requests-2.31.0.dist-info/METADATA", metadata)).toEqual([
    "pypi requests 2.31.0  Apache 2.0",
  ]);
});

test.each(["/app/package.json", "/app/node_modules/a/lib/package.json", "/etc/dpkg/status", "/README"])(
  "%s tells of no package",
  (path) => expect(readerFor(path)).toBeUndefined(),
);

test("the distribution's name", () => {
  expect(distributionOf('NAME="Debian"\nID=debian\nVERSION_ID="12"\n')).toBe("debian");
  expect(distributionOf("")).toBe("");
});

import { expect, test } from "bun:test";
import { contextFilter } from "./context-filter.ts";

const filter = (files: Readonly<Record<string, string>>, dockerfile = ""): ReturnType<typeof contextFilter> =>
  contextFilter("/c", dockerfile, (path) => files[path.slice("/c/".length)]);

test("what is ignored is not sent, but the Dockerfile and the ignore file", () => {
  const skips = filter({ ".dockerignore": "*\n!src\n.env\n" });
  const sent = ["Dockerfile", ".dockerignore", "dockerfile", "src", "src/a", ".env", "x", "x/y"];
  expect(sent.filter((path) => skips?.(`./${path}`, false) === false)).toEqual([
    "Dockerfile",
    ".dockerignore",
    "dockerfile",
    "src",
    "src/a",
  ]);
});

test("folders are entered for exceptions and for the Dockerfile", () => {
  const skips = filter(
    { "deep/er/File.dockerignore": "deep\nother\n!other/kept\n", ".dockerignore": "*" },
    "deep/er/File",
  );
  for (const folder of ["deep", "deep/er", "other"]) expect(skips?.(`./${folder}`, true)).toBe(false);
  expect(skips?.("./deep/x", true)).toBe(true);
  expect(skips?.("./deep/er/File", false)).toBe(false);
  expect(skips?.("./other/gone", false)).toBe(true);
});

test("without an ignore file everything is sent", () => {
  expect(filter({})).toBeUndefined();
});

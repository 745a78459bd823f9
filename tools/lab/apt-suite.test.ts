import { expect, test } from "bun:test";
import { sourcesOfSuite } from "./apt-suite.ts";

test("another suite comes from where the machine's own comes from", () => {
  const sources = [
    "deb [signed-by=/keys/one.gpg] http://mirror.example/debian bookworm main contrib",
    "deb [signed-by=/keys/one.gpg] http://mirror.example/debian bookworm-updates main",
    "deb http://other.example/debian bookworm main",
    "",
  ].join("\n");
  expect(sourcesOfSuite(sources, "bookworm", "trixie")).toBe(
    [
      "deb [signed-by=/keys/one.gpg] http://mirror.example/debian trixie main contrib",
      "deb http://other.example/debian trixie main",
      "",
    ].join("\n"),
  );
});

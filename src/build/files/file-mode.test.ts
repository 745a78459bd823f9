import { expect, test } from "bun:test";
import { changedMode } from "./file-mode.ts";

const words = (symbolic: string, mode: number, isDirectory = false): string =>
  changedMode({ symbolic }, mode, isDirectory).toString(8);

test("numbers are taken as they are, nothing keeps the mode", () => {
  expect(changedMode(0o4711, 0o644, false)).toBe(0o4711);
  expect(changedMode(undefined, 0o2755, true)).toBe(0o2755);
});

test("words as in chmod(1)", () => {
  expect(words("u+x", 0o644)).toBe("744");
  expect(words("a-w", 0o666)).toBe("444");
  expect(words("go=", 0o755)).toBe("700");
  expect(words("u=rwx,g=rx,o=", 0o600)).toBe("750");
  expect(words("+x", 0o600)).toBe("711");
  expect(words("g=u", 0o750)).toBe("770");
  expect(words("u+s,+t", 0o755)).toBe("5755");
  expect(words("ug+s", 0o755)).toBe("6755");
});

test("X is for folders, and for files that somebody may execute", () => {
  expect(words("a+X", 0o644)).toBe("644");
  expect(words("a+X", 0o744)).toBe("755");
  expect(words("a+X", 0o644, true)).toBe("755");
});

test("nonsense is refused", () => {
  expect(() => words("rwx", 0o644)).toThrow('invalid chmod: "rwx"');
});

import { expect, test } from "bun:test";
import { splitCommand } from "./split-command.ts";

test.each([
  ["", []],
  ["a  b\tc", ["a", "b", "c"]],
  [`sh -c 'echo "$X" && true'`, ["sh", "-c", 'echo "$X" && true']],
  [`a "b \\" c" d\\ e ''`, ["a", 'b " c', "d e", ""]],
  [`"x"'y'z`, ["xyz"]],
])("%j", (text, words) => {
  expect(splitCommand(text)).toEqual(words);
});

test("a quote that is not closed is refused", () => {
  expect(() => splitCommand("echo 'x")).toThrow("closing quote");
});

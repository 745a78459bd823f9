import { describe, expect, test } from "bun:test";
import { parseDotenv, parseRawEnvironment } from "./parse-dotenv.ts";

const known: Readonly<Record<string, string>> = { SHELL_VALUE: "shell", A: "from shell" };
const parse = (text: string) => Object.fromEntries(parseDotenv(text, ".env", (name) => known[name]));

describe("environment files", () => {
  test("plain, quoted, commented", () => {
    expect(
      parse(`# comment
ONE=1
export TWO = two words # not this
HASH=a#b
EMPTY=
SINGLE='as $it \\n stands' # gone
DOUBLE="a\\tb \\"c\\" $ONE"
MULTI="first
second"
YAML: value
`),
    ).toEqual({
      ONE: "1",
      TWO: "two words",
      HASH: "a#b",
      EMPTY: "",
      SINGLE: "as $it \\n stands",
      DOUBLE: 'a\tb "c" 1',
      MULTI: "first\nsecond",
      YAML: "value",
    });
  });

  test("substitution prefers what is known to the lines above", () => {
    expect(parse('A=file\nB=${A}\nC=${NO:-x}\nD="\\$A"\nE=$$A')).toEqual({
      A: "file",
      B: "from shell",
      C: "x",
      D: "$A",
      E: "$A",
    });
  });

  test("a key alone has the value that is known, or is left out", () => {
    expect(parse("SHELL_VALUE\nNOBODY\nX=1\r\nY=2\r\n")).toEqual({ SHELL_VALUE: "shell", X: "1", Y: "2" });
  });

  test.each([
    ["A=1\n=2", "failed to read .env: line 2: unexpected character"],
    ['A="x', "failed to read .env: line 1: unterminated quoted value"],
    ["A='x' y", "failed to read .env: line 1: text after a quoted value"],
    ["A=${B", "failed to read .env: line 1: invalid interpolation format"],
    ["A B", "failed to read .env: line 1: unexpected character"],
  ])("%j is refused", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test("raw", () => {
    expect(Object.fromEntries(parseRawEnvironment('A="x" # y\n#no\nB=$C\nD\n'))).toEqual({ A: '"x" # y', B: "$C" });
  });
});

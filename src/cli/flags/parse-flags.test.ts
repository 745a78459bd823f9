import { describe, expect, test } from "bun:test";
import { filter, int, list, strings, text, toggle, uint16, type FlagSpec } from "./flag-kind.ts";
import { parseFlags } from "./parse-flags.ts";

const specs: readonly FlagSpec[] = [
  { name: "interactive", short: "i", kind: toggle, usage: "" },
  { name: "tty", short: "t", kind: toggle, usage: "" },
  { name: "env", short: "e", kind: list, usage: "" },
  { name: "workdir", short: "w", kind: text, usage: "" },
  { name: "last", short: "n", kind: int, usage: "", value: -1 },
  { name: "weight", kind: uint16, usage: "" },
  { name: "filter", short: "f", kind: filter, usage: "" },
  { name: "platform", kind: strings, usage: "" },
  { name: "dir", kind: text, usage: "", aliasOf: "workdir", deprecated: "use --workdir" },
];

const parse = (argv: readonly string[], interspersed = true): ReturnType<typeof parseFlags> =>
  parseFlags(argv, specs, { interspersed });

test("long and short spellings", () => {
  const { flags, args } = parse([
    "--env=A=b",
    "--env",
    "C",
    "-eD",
    "-e=E",
    "-itw/x",
    "image",
    "-n",
    "0x10",
    "--",
    "-x",
  ]);
  expect(flags.list("env")).toEqual(["A=b", "C", "D", "E"]);
  expect([flags.on("interactive"), flags.on("tty"), flags.text("workdir"), flags.number("last")]).toEqual([
    true,
    true,
    "/x",
    16,
  ]);
  expect(args).toEqual(["image", "-x"]);
});

test("switches take a value only by =", () => {
  const { flags, args } = parse(["-t=false", "--interactive=1", "false"]);
  expect([flags.on("tty"), flags.on("interactive"), args]).toEqual([false, true, ["false"]]);
});

test("without interspersing the first word ends the flags", () => {
  const { flags, args } = parse(["-i", "image", "-t", "--env", "x"], false);
  expect([flags.on("interactive"), flags.on("tty"), args]).toEqual([true, false, ["image", "-t", "--env", "x"]]);
});

test("a lone dash is a word", () => {
  expect(parse(["-", "a"]).args).toEqual(["-", "a"]);
});

test("given tells a flag from its default", () => {
  const { flags } = parse(["--last", "-1"]);
  expect([flags.given("last"), flags.number("last"), flags.given("tty")]).toEqual([true, -1, false]);
});

test("a second name sets the first and says that it is old", () => {
  const { flags, warnings } = parse(["--dir", "/y"]);
  expect([flags.text("workdir"), warnings]).toEqual(["/y", ["Flag --dir has been deprecated, use --workdir"]]);
});

test("filters and comma lists", () => {
  const { flags } = parse(["-f", "Label=a=b", "-f", "label = c", "--platform", "a,b", "--platform=c"]);
  expect(flags.filters()).toEqual({ label: ["a=b", "c"] });
  expect(flags.list("platform")).toEqual(["a", "b", "c"]);
});

test("help stops everything", () => {
  expect(parse(["--help", "--nonsense"]).help).toBe(true);
  expect(parse(["-h"]).warnings).toEqual(["Flag shorthand -h has been deprecated, use --help"]);
});

describe("mistakes in the words of docker's flag library", () => {
  test.each([
    [["--nope"], "unknown flag: --nope"],
    [["-ix"], "unknown shorthand flag: 'x' in -x"],
    [["--env"], "flag needs an argument: --env"],
    [["-ie"], "flag needs an argument: 'e' in -e"],
    [["--=x"], "bad flag syntax: --=x"],
    [["---x"], "bad flag syntax: ---x"],
    [["-n", "x"], 'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    [["--weight", "-1"], 'invalid argument "-1" for "--weight" flag: strconv.ParseUint: parsing "-1": invalid syntax'],
    [
      ["--weight", "65536"],
      'invalid argument "65536" for "--weight" flag: strconv.ParseUint: parsing "65536": value out of range',
    ],
    [["-t=x"], 'invalid argument "x" for "-t, --tty" flag: strconv.ParseBool: parsing "x": invalid syntax'],
    [["-f", "x"], 'invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)'],
  ])("%j", (argv, message) => {
    expect(() => parse(argv)).toThrow(message);
  });
});

import type { FieldType, Fields } from "./bodies.ts";
import type { Endpoint, Kind } from "./endpoints.ts";
import type { Random } from "./random.ts";

const long = "x".repeat(5000);
const strange = [
  "",
  " ",
  "\0",
  "é",
  "\u202e",
  "%",
  "$(id)",
  "../..",
  "a/b",
  "-",
  "\r\nX-A: b",
  "😀",
  long,
  "null",
  "{}",
];
const integers = [
  "0",
  "1",
  "-1",
  "+1",
  "1e3",
  "abc",
  " 1",
  "1.5",
  "0x10",
  "65536",
  "2147483648",
  "99999999999999999999",
];
const times = [
  "0",
  "1",
  "-1",
  "abc",
  "1.0000000001",
  "1.",
  "NaN",
  "1h",
  "2020-01-01T00:00:00Z",
  "2020-01-01",
  "99999999999999",
];

/** Values for a query parameter: right ones, odd ones and wrong ones. */
const byKind: Readonly<Record<Exclude<Kind, "filters">, readonly string[]>> = {
  flag: ["1", "true", "0", "false", "maybe", "", "no", "none", "TRUE", long],
  integer: [...integers, ""],
  text: ["a", "busybox", "all", "10", "-1", ...strange],
  time: [...times, ""],
  signal: ["TERM", "SIGTERM", "sigusr1", "15", "0", "-1", "65", "99999", "SIGFOO", "RTMIN+3", "9.5", long, "é"],
  condition: ["next-exit", "not-running", "removed", "never", "", "NEXT-EXIT", " removed", long],
  keys: ["ctrl-a", "ctrl-", "a,b", "ctrl-é", "ctrl-@,z", "ctrl-1", ",", "", long],
  name: ["fuzzed", "-bad", "a", "..", "/abs", "a/b", "ünï", "", " ", ".a", "a b", long, "made", "/made"],
  path: ["/", "/etc/passwd", "etc", "../../etc", "", "/nope", "/\0", "/proc/self/root", "/etc/", "/etc/.", long],
  json: ['{"a":"b"}', "{", "[]", "null", "1", '"a"', '{"a":1}', ""],
  platform: ["linux/amd64", "linux", "windows/amd64", "plan9", "a/b/c/d/e", "///", '{"os":"linux"}', "", "é", long],
};

/** A value of the `filters` parameter. */
function filtersValue(random: Random, keys: readonly string[]): string {
  const key = random.pick(keys);
  const value = random.pick([
    "a",
    "",
    "1",
    "true",
    "made",
    "running",
    "*",
    "[",
    "24h",
    "-1",
    "0",
    "é",
    "abc=def",
    "1/tcp",
  ]);
  return random.pick([
    JSON.stringify({ [key]: [value] }),
    JSON.stringify({ [key]: [value] }),
    JSON.stringify({ [key]: { [value]: true } }),
    JSON.stringify({ [key]: { [value]: false } }),
    JSON.stringify({ [key]: [] }),
    JSON.stringify({ [key]: value }),
    JSON.stringify({ [key]: [1] }),
    JSON.stringify({ [key]: null }),
    JSON.stringify({ nosuch: [value] }),
    JSON.stringify({ [key]: [value, value + value] }),
    "{",
    "[]",
    "null",
    "1",
    '{"a"}',
    `{"${key}":["a"],"${key}":["b"]}`,
    "{}{}",
  ]);
}

export function queryValue(random: Random, endpoint: Endpoint, kind: Kind): string {
  return kind === "filters" ? filtersValue(random, endpoint.filters) : random.pick(byKind[kind]);
}

/** A JSON value that may be none of `type`: the wrong type, a number out of range, an odd string, too much of it. */
export function wrongValue(random: Random): unknown {
  return random.pick<unknown>([
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    -(2 ** 63),
    "a",
    "",
    [],
    {},
    [null],
    [[]],
    [{}],
    { a: 1 },
    { a: null },
    ["a", 1],
    "1",
    long,
    Array.from({ length: 300 }, () => "a"),
    nested(40),
  ]);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = { a: [value] };
  return value;
}

const strings = [
  "a",
  "host",
  "none",
  "default",
  "busybox",
  "container:made",
  "container:",
  "127.0.0.1",
  "::1",
  "1",
  "80/tcp",
];
const moreStrings = [
  "/tmp",
  "/a:/b",
  "a=b",
  "a",
  "private",
  "rw",
  "always",
  "json-file",
  "0-1",
  "1g",
  "c 1:3 rwm",
  ...strange,
];
const numbers = [0, 1, -1, 2, 100, 1000, 4096, 65535, 65536, 6 << 20, 2 ** 31, 2 ** 40, 2 ** 53, -(2 ** 31), 1e18];

/** A value of the right type, often an odd one. */
export function typedValue(random: Random, type: FieldType): unknown {
  if (typeof type === "string") return scalar(random, type);
  if (isList(type)) return Array.from({ length: random.below(3) }, () => typedValue(random, type[0]));
  if ("of" in type) {
    const keys = Array.from({ length: random.below(3) }, () => random.pick([...strings, ...moreStrings]));
    return Object.fromEntries(keys.map((key) => [key, typedValue(random, type.of)]));
  }
  return someFields(random, type, 2);
}

/** An object with some of a table's fields. */
export function someFields(random: Random, type: Fields, count: number): Record<string, unknown> {
  const names = Object.keys(type.fields);
  const chosen = Array.from({ length: 1 + random.below(count) }, () => random.pick(names));
  return Object.fromEntries(chosen.map((name) => [name, typedValue(random, type.fields[name] ?? "string")]));
}

const isList = (type: FieldType): type is readonly [FieldType] => Array.isArray(type);

function scalar(random: Random, type: string): unknown {
  switch (type) {
    case "bool":
      return random.chance(50);
    case "string":
      return random.pick([...strings, ...moreStrings]);
    case "words":
      return random.pick<unknown>([["true"], "true", [], [""], ["a", "b"], [long]]);
    case "empty":
      return {};
    case "pair":
      return random.pick<unknown>([[1, 2], [0, 0], [1], [], [1, 2, 3], [70000, 1]]);
    default:
      return random.pick(numbers);
  }
}

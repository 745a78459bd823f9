import { describe, expect, test } from "bun:test";
import { substitute, variableUses } from "./substitute.ts";

const values: Readonly<Record<string, string>> = { A: "a", EMPTY: "", B_2: "b" };
const variables = { value: (name: string) => values[name] };

describe("substitution", () => {
  test.each([
    ["plain", "plain"],
    ["$A-${B_2}.", "a-b."],
    ["$$A $${A}", "$A ${A}"],
    ["a $ b $1 ^$A$|$? $(id) ${NO-$} $", "a $ b $1 ^a$|$? $(id) $ $"],
    ["${A:-x} ${EMPTY:-x} ${EMPTY-x} ${NO-x} ${NO:-}", "a x  x "],
    ["${A:+y} ${EMPTY:+y} ${EMPTY+y} ${NO+y}.", "y  y ."],
    ["${NO:-${EMPTY:-${A}}b}", "ab"],
    ["${NO:-{}}", "{}"],
    ["${A:?never}", "a"],
    ["${NO:-a:-b}", "a:-b"],
    ["${A:-${NO:?not needed}}", "a"],
  ])("%s", (text, wanted) => {
    expect(substitute(text, variables)).toBe(wanted);
  });

  test.each([
    ["${NO:?say $A}", "required variable NO is missing a value: say a"],
    ["${EMPTY:?}", "required variable EMPTY is missing a value"],
    ["${", "invalid interpolation format"],
    ["${A", "invalid interpolation format"],
    ["${A!x}", "invalid interpolation format"],
    ["${}", "invalid interpolation format"],
    ["${1}", "invalid interpolation format"],
    ["${A:-${}", "invalid interpolation format"],
  ])("%s is refused", (text, message) => {
    expect(() => substitute(text, variables)).toThrow(message);
  });

  test("what is not set is told once where it is used", () => {
    const unset: string[] = [];
    substitute("$NO ${NO2} ${NO3:-x}", { ...variables, onUnset: (name) => unset.push(name) });
    expect(unset).toEqual(["NO", "NO2"]);
  });

  test("uses", () => {
    expect(
      variableUses("$A ${B:-x${C:?e}} ${D:+r}").map(({ name, required, fallback, alternate }) => [
        name,
        required,
        fallback,
        alternate,
      ]),
    ).toEqual([
      ["A", false, "", ""],
      ["C", true, "", ""],
      ["B", false, "x${C:?e}", ""],
      ["D", false, "", "r"],
    ]);
  });
});

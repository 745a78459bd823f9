import { expect, test } from "bun:test";
import { compileTemplate } from "#base/template/execute.ts";
import { fillPlainLine, plainLine } from "./plain-line.ts";

const row = { ID: "abc", Names: "web {{.ID}}", Empty: "", Count: 3, Nothing: null, Method: () => "m" };
const filled = (source: string): string | undefined => {
  const line = plainLine(source);
  return line === undefined ? undefined : fillPlainLine(line, row);
};

test.each(["{{.ID}}", "{{.ID}}\t{{.Names}}", "a {{.Empty}}{{.ID}} }} b", "no field", "", "{ {.ID} } {{.ID}}"])(
  "%j is filled as the template fills it",
  (source) => {
    expect(filled(source)).toBe(compileTemplate(source)(row));
  },
);

test.each([
  "{{ .ID }}",
  "{{.ID | upper}}",
  "{{.ID.More}}",
  "{{json .}}",
  "{{/* note */}}",
  "{{- .ID}}",
  "{{.ID",
  "{{.Count}}",
  "{{.Nothing}}",
  "{{.Method}}",
  "{{.Absent}}",
  "{{.toString}}",
])("%j is for the template", (source) => {
  expect(filled(source)).toBeUndefined();
});

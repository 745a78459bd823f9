import { describe, expect, test } from "bun:test";
import { compileTemplate } from "./execute.ts";
import { struct } from "./struct.ts";
import { DurationValue, nil, typedMap } from "./value.ts";

const data = {
  name: "n",
  list: ["a", "b"],
  map: { z: 1, a: 2 },
  labels: typedMap({ k: "v" }, ""),
  point: struct(
    { X: 1, Y: "two", Hidden: 3, Nothing: null, Twice: (value: unknown) => Number(value) * 2 },
    { typeName: "T", fields: ["X", "Y"], aliases: { Ex: "X" } },
  ),
  none: null,
  empty: nil([]),
  wait: new DurationValue(90e9),
};
const run = (source: string): string => compileTemplate(source)(data);

describe("values", () => {
  test.each([
    ["{{.point}} {{.map}} {{.list}} {{.empty}} {{.wait}}", "{1 two} map[a:2 z:1] [a b] [] 1m30s"],
    ["{{.point.Ex}} {{.point.Twice 4}}", "1 8"],
    [
      "{{json .point}} {{json .map}} {{json .empty}} {{json .wait}}",
      '{"X":1,"Y":"two","Hidden":3,"Nothing":null} {"a":2,"z":1} null 90000000000',
    ],
    ['{{.missing}} {{.none}} {{.labels.missing}}|{{index .labels "missing"}}|', "<no value> <no value> <no value>||"],
    [
      "{{.point.Nothing}} {{with $x := .point}}{{$x.Nothing}}{{end}}{{if .point.Nothing}}x{{end}} {{json .point.Nothing}}",
      "<nil> <nil> null",
    ],
    ["{{with $x := .list}}{{len $x}}{{index $x 1}}{{end}}", "2b"],
    ["{{range $k, $v := .map}}{{$k}}{{$v}}{{end}}", "a2z1"],
    ["{{range .none}}x{{else}}none{{end}}", "none"],
    ['{{(printf "%s!" .name) | printf "<%s>"}}', "<n!>"],
    ["a {{- 1 -}} b{{/* c */}} {{if and .name (not .none)}}yes{{end}}", "a1b yes"],
  ])("%s", (source, wanted) => {
    expect(run(source)).toBe(wanted);
  });
});

describe("mistakes", () => {
  test.each([
    ["{{.point.Nope}}", 'template: :1:8: executing "" at <.point.Nope>: can\'t evaluate field Nope in type T'],
    ["{{.none.X}}", 'template: :1:7: executing "" at <.none.X>: nil pointer evaluating interface {}.X'],
    ["{{nope}}", 'template: :1: function "nope" not defined'],
    ["x\n{{if .}}", "template: :2: unexpected EOF"],
    [
      "{{index .list}}{{index .list 1 2 3}}",
      'template: :1:17: executing "" at <index .list 1 2 3>: error calling index: cannot index slice/array',
    ],
    ['{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', "exceeded maximum template depth (1000)"],
  ])("%s", (source, message) => {
    const attempt = (): string => run(source);
    if (source.includes("1 2 3")) expect(attempt).toThrow();
    else expect(attempt).toThrow(message);
  });
});

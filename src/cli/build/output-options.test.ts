import { expect, test } from "bun:test";
import { annotationOptions, outputOptions, type Output } from "./output-options.ts";

const none = { push: false, load: false };
const outputs = (...texts: readonly string[]): readonly Output[] => outputOptions(texts, none, "/work");

test("a folder and a dash are short for a local output and a tar on standard output", () => {
  expect(outputs("out")).toEqual([
    { option: { type: "local", attributes: {}, toClient: true }, place: { kind: "folder", path: "/work/out" } },
  ]);
  expect(outputs("-")).toEqual([
    { option: { type: "tar", attributes: {}, toClient: true }, place: { kind: "stdout" } },
  ]);
});

test("what stays with the engine has no place, and dest never leaves this machine", () => {
  expect(outputs("type=docker", "type=image,name=x,push=true")).toEqual([
    { option: { type: "docker", attributes: {}, toClient: false }, place: undefined },
    { option: { type: "image", attributes: { name: "x", push: "true" }, toClient: false }, place: undefined },
  ]);
  expect(outputs('type=oci,"dest=/a,b.tar",tar=true')).toEqual([
    {
      option: { type: "oci", attributes: { tar: "true" }, toClient: true },
      place: { kind: "file", path: "/a,b.tar" },
    },
  ]);
  expect(outputs("type=docker,tar=false,dest=layout")[0]?.place).toEqual({ kind: "folder", path: "/work/layout" });
});

test("--push and --load add to what was asked for, or stand alone", () => {
  const types = (texts: readonly string[], shorthand: { push: boolean; load: boolean }): readonly string[] =>
    outputOptions(texts, shorthand, "/").map(({ option }) => `${option.type} ${JSON.stringify(option.attributes)}`);
  expect(types([], { push: true, load: false })).toEqual(['image {"push":"true"}']);
  expect(types(["type=image,name=a"], { push: true, load: true })).toEqual(['image {"name":"a","push":"true"}']);
  expect(types(["type=oci,dest=-"], { push: false, load: true })).toEqual(["oci {}", "image {}"]);
});

test("refused before anything is built", () => {
  expect(() => outputs("a=b,dest=x")).toThrow("type is required for output");
  expect(() => outputs("type=local")).toThrow("dest is required for local output");
  expect(() => outputs("type=local,dest=-")).toThrow("dest cannot be stdout for local output");
  expect(() => outputs("type=image,dest=x")).toThrow("dest is not supported for image output");
  expect(() => outputs("type=oci", "type=tar")).toThrow("only one output can be standard output");
});

test("annotations: a manifest's unless another place is named, of one platform or several places", () => {
  expect(annotationOptions(["a=b=c", "index,manifest[linux/arm64]:k=v"])).toEqual([
    { attribute: "annotation-manifest.a", value: "b=c" },
    { attribute: "annotation-index.k", value: "v" },
    { attribute: "annotation-manifest[linux/arm64].k", value: "v" },
  ]);
  expect(() => annotationOptions(["nowhere:k=v"])).toThrow('unknown annotation type "nowhere"');
  expect(() => annotationOptions(["bare"])).toThrow("expected key=value");
});

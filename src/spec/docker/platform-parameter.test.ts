import { expect, test } from "bun:test";
import { parsePlatformParameter } from "./platform-parameter.ts";

test("an OCI platform as JSON, aliases spelled the one way", () => {
  expect(parsePlatformParameter("")).toBeUndefined();
  expect(parsePlatformParameter('{"os":"linux","architecture":"x86_64"}')).toEqual({
    os: "linux",
    architecture: "amd64",
  });
  expect(parsePlatformParameter('{"os":"linux","architecture":"arm","variant":"7"}')).toEqual({
    os: "linux",
    architecture: "arm",
    variant: "v7",
  });
});

test("what is none is refused", () => {
  for (const text of ["linux/amd64", "{}", "null", '{"os":"linux"}', "[]", '{"os":1,"architecture":2}'])
    expect(() => parsePlatformParameter(text)).toThrow("failed to parse platform");
});

import { expect, test } from "bun:test";
import { parseDockerfile } from "../dockerfile/parse-dockerfile.ts";
import { listTargets } from "./list-targets.ts";
import { outline } from "./outline.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const dockerfile = parseDockerfile({
  name: "Dockerfile",
  text: `# BASE what everything stands on
ARG BASE=debian
ARG VERSION=12
ARG UNUSED=1
ARG IMAGE=\${BASE}:\${VERSION}
# build compiles
FROM $IMAGE AS build
# FLAGS for the compiler
ARG FLAGS=-O2 MORE=\${FLAGS}x
ARG TARGETARCH
RUN --mount=type=secret,id=token,required --mount=type=ssh make
FROM scratch AS other
ARG NOT_HERE=1
RUN --mount=type=secret,id=elsewhere x
# release is what people run
FROM --platform=$BUILDPLATFORM busybox AS release
COPY --from=build /a /a
ARG VERSION
RUN --mount=type=secret,id=$VERSION --mount=type=secret,id=token x
`,
});

test("targets are the stages, the last one is built when none is named", () => {
  expect(
    listTargets(dockerfile).map(({ name, description, isDefault, base, line }) => [
      name,
      description,
      isDefault,
      base,
      line,
    ]),
  ).toEqual([
    ["build", "compiles", false, "$IMAGE", 7],
    ["other", "", false, "scratch", 12],
    ["release", "is what people run", true, "busybox", 16],
  ]);
});

test("an outline tells what a target and what it needs can be given", () => {
  const told = outline(dockerfile, {
    target: "",
    buildArgs: new Map([["FLAGS", "-g"]]),
    platform: amd64,
    buildPlatform: amd64,
  });
  expect(told.target).toBe("release");
  expect(told.args.map(({ name, value, description, line }) => `${line} ${name}=${value} ${description}`)).toEqual([
    "2 BASE=debian what everything stands on",
    "3 VERSION=12 ",
    "5 IMAGE=debian:12 ",
    "9 FLAGS=-g for the compiler",
    "9 MORE=-gx ",
  ]);
  expect(told.secrets).toEqual([
    { id: "token", required: true, line: 11 },
    { id: "12", required: false, line: 19 },
  ]);
  expect(told.agents).toEqual([{ id: "default", required: false, line: 11 }]);
});

test("a target that needs less tells less", () => {
  const told = outline(dockerfile, { target: "other", buildArgs: new Map(), platform: amd64, buildPlatform: amd64 });
  expect(told.args.map(({ name }) => name)).toEqual(["NOT_HERE"]);
  expect(told.secrets.map(({ id }) => id)).toEqual(["elsewhere"]);
});

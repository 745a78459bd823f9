import { expect, test } from "bun:test";
import { containerConfig, type ContainerConfig } from "#spec/docker/container-config.ts";
import { decode } from "#spec/docker/schema.ts";
import { applyChanges } from "./apply-changes.ts";

const base = decode(containerConfig, {
  Env: ["PATH=/bin", "HOME=/h"],
  Cmd: ["sh"],
  WorkingDir: "/w",
  Labels: { a: "1" },
  ExposedPorts: { "1/tcp": {} },
});

test.each<[readonly string[], Partial<ContainerConfig>]>([
  [["ENV A=b C='d e' HOME=$HOME/x"], { Env: ["PATH=/bin", "HOME=/h/x", "A=b", "C=d e"] }],
  [["env OLD  the rest of it"], { Env: ["PATH=/bin", "HOME=/h", "OLD=the rest of it"] }],
  [["ENV A=1", "ENV B=$A"], { Env: ["PATH=/bin", "HOME=/h", "A=1", "B=1"] }],
  [["LABEL b=2 a=3"], { Labels: { a: "3", b: "2" } }],
  [['CMD ["a","b"]'], { Cmd: ["a", "b"] }],
  [["CMD a b"], { Cmd: ["/bin/sh", "-c", "a b"] }],
  [['ENTRYPOINT ["e"]'], { Entrypoint: ["e"], Cmd: null }],
  [['CMD ["c"]', 'ENTRYPOINT ["e"]'], { Entrypoint: ["e"], Cmd: ["c"] }],
  [
    ["EXPOSE 80 81/udp 90-91"],
    { ExposedPorts: { "1/tcp": {}, "80/tcp": {}, "81/udp": {}, "90/tcp": {}, "91/tcp": {} } },
  ],
  [["USER me:us"], { User: "me:us" }],
  [["WORKDIR sub"], { WorkingDir: "/w/sub" }],
  [["WORKDIR /abs/../x/"], { WorkingDir: "/x" }],
  [['VOLUME ["/a b"]', "VOLUME /c $HOME"], { Volumes: { "/a b": {}, "/c": {}, "/h": {} } }],
  [["STOPSIGNAL SIGUSR1"], { StopSignal: "SIGUSR1" }],
  [["ONBUILD RUN x"], { OnBuild: ["RUN x"] }],
  [
    ["HEALTHCHECK --interval=5s --retries=2 CMD curl x"],
    {
      Healthcheck: {
        Test: ["CMD-SHELL", "curl x"],
        Interval: 5e9,
        Timeout: 0,
        StartPeriod: 0,
        StartInterval: 0,
        Retries: 2,
      },
    },
  ],
  [
    ["HEALTHCHECK NONE"],
    { Healthcheck: { Test: ["NONE"], Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 } },
  ],
  [["", "# a comment"], {}],
])("%j", (changes, expected) => {
  expect(applyChanges(base, changes)).toEqual({ ...base, ...expected });
});

test.each([
  ["RUN x", "RUN is not a valid change command"],
  ["FOO x", "FOO is not a valid change command"],
  ["ENV", "ENV requires at least one argument"],
  ["USER", "USER requires exactly one argument"],
  ["ENV A", "ENV must have two arguments"],
  ["ENV A=b c", 'can\'t find = in "c"'],
  ["LABEL =x", "LABEL names can not be blank"],
  ["EXPOSE x", 'invalid port specification: "x"'],
  ["STOPSIGNAL NONSENSE", "NONSENSE"],
  ["ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"],
  ["HEALTHCHECK x", 'Unknown type "X" in HEALTHCHECK (try CMD)'],
  ["HEALTHCHECK --nope=1 CMD x", "unknown flag: --nope"],
])("%j is refused", (change, message) => {
  expect(() => applyChanges(base, [change])).toThrow(message);
});

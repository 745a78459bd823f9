import { describe, expect, test } from "bun:test";
import type { EngineClient } from "#client/engine-client.ts";
import { commandGroups } from "../commands/command-families.ts";
import { engineCommands } from "../commands/command-table.ts";
import { globalFlags } from "../config/global-flags.ts";
import type { Command } from "../command.ts";
import { text, toggle } from "../flags/flag-kind.ts";
import { printAnswer } from "./answer.ts";
import { argumentKinds } from "./argument-kinds.ts";
import { complete } from "./complete.ts";
import { completionScript, SHELLS } from "./scripts.ts";

const project: Command = {
  kind: "command",
  paths: ["compose"],
  usage: "",
  summary: "",
  flags: [{ name: "file", short: "f", kind: text, usage: "" }],
  args: { kind: "at-least", count: 0 },
  interspersed: false,
  nested: {
    commands: () =>
      Promise.resolve([
        { name: "up", summary: "Start", flags: [{ name: "detach", short: "d", kind: toggle, usage: "" }] },
        { name: "unpause", summary: "", flags: [] },
      ]),
    names: () => Promise.resolve([]),
  },
  load: () => Promise.reject(new Error("not run")),
};
const grammar = {
  globalFlags: globalFlags({ env: {}, homeDirectory: "/root" }),
  commands: [...engineCommands, project],
  groups: commandGroups,
};
const engine = {
  containers: {
    list: () =>
      Promise.resolve([
        { Id: "1", Names: ["/web"], Image: "nginx", State: "running", Status: "Up" },
        { Id: "2", Names: ["/db"], Image: "pg", State: "exited", Status: "Exited" },
      ]),
  },
  images: { list: () => Promise.resolve([{ RepoTags: ["nginx:latest", "nginx:1"] }, { RepoTags: null }]) },
};
const source = (answers: boolean) => () => ({
  client: () => (answers ? Promise.resolve(engine as unknown as EngineClient) : Promise.reject(new Error("away"))),
  contexts: () => Promise.resolve([{ value: "lab" }]),
  services: () => Promise.resolve([{ value: "api" }]),
  environment: ["HOME", "HOST"],
});
const ask = async (line: string, answers = true): Promise<string> =>
  printAnswer(await complete(line.split(" "), grammar, source(answers)), false)
    .trimEnd()
    .replaceAll("\n", " ");

describe("what may stand at the end of a line", () => {
  test.each([
    ["pau", "pause :4"],
    ["volu", "volume :4"],
    ["network policy ", "allow ls rm :4"],
    ["--conte", "--context :4"],
    ["--context l", "lab :4"],
    ["-D --context lab vol", "volume :4"],
    ["rm ", "web db :4"],
    ["rm web ", "db :4"],
    ["stop ", "web :4"],
    ["start ", "db :4"],
    ["exec web ", ":4"],
    ["run ngi", "nginx nginx:1 :4"],
    ["run --rm -it --pull n", "never :4"],
    ["run --pull=n", "--pull=never :4"],
    ["run -e HO", "HOME HOST :4"],
    ["run --env-file ", ":0"],
    ["run nginx --na", ":4"],
    ["ps --fo", "--format :4"],
    ["ps -f stat", "status= :6"],
    ["ps -f status=ru", "status=running :4"],
    ["ps --filter=status=ru", "--filter=status=running :4"],
    ["ps --filter ancestor=nginx:", "ancestor=nginx:1 :4"],
    ["cp w", "web: :2"],
    ["build ", ":16"],
    ["inspect n", "nginx nginx:1 :4"],
    ["context use ", "lab :4"],
    ["compose u", "up unpause :4"],
    ["compose -f x up --det", "--detach :4"],
    ["compose up ", "api :4"],
    ["nonsense ", ":4"],
    ["rm -- -", ":4"],
  ])("%s", async (line, wanted) => {
    expect(await ask(line)).toBe(wanted);
  });

  test("an engine that does not answer has no names", async () => {
    expect([await ask("rm ", false), await ask("inspect --ty", false)]).toEqual([":4", "--type :4"]);
  });
});

test("notes stand after a tab, one line of them", () => {
  expect(printAnswer({ candidates: [{ value: "a", note: "x\ny" }, { value: "b" }] }, true)).toBe("a\tx\nb\n:4\n");
});

test("the table of arguments knows only commands that there are", () => {
  const known = new Set(engineCommands.map(({ paths }) => paths[0]));
  expect(Object.keys(argumentKinds).filter((path) => !known.has(path))).toEqual([]);
});

test.each(SHELLS)("the script for %s names the program everywhere", (shell) => {
  const script = completionScript(shell, "docker");
  expect(script).toContain("__complete");
  expect(script).not.toContain("PROGRAM");
});

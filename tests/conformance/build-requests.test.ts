/**
 * `POST /build` and its neighbours, parameter by parameter and instruction by instruction, told by the classic stream. The golden
 * file holds what docker 26.1's classic builder answers; where ours answers otherwise, with a reason, a second text.
 *
 *   BERTH_TARGETS=later:docker          proves the file on docker 26.1, dockerd:docker on 20.10, which words some otherwise
 *   UPDATE_GOLDEN=1                     writes the part of the engine that it runs on
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readGolden, writeGolden } from "../build/golden-file.ts";
import { answerTo, asOurs, isSame } from "./build-requests/build-case.ts";
import { instructionCases } from "./build-requests/instructions.ts";
import { parameterCases } from "./build-requests/parameters.ts";
import { openLab, targetNames, type Lab, type Target } from "./target.ts";

setDefaultTimeout(180_000);

const cases = [...parameterCases, ...instructionCases];
/** One of each kind: who sends the request does not matter. */
const [name = "berth:docker"] = targetNames.filter((given) => given.endsWith(":docker"));
const isOurs = name.startsWith("berth");
const golden = join(import.meta.dir, "build-requests/answers.txt");
const known = new Map((existsSync(golden) ? readGolden(golden) : []).map((one) => [one.title, one]));
const isUpdate = process.env["UPDATE_GOLDEN"] === "1";
const answers = new Map<string, string>();

let lab: Lab;
let target: Target;

beforeAll(async () => {
  lab = await openLab({ names: [name] });
  const [only] = lab.targets;
  if (only === undefined) throw new Error(`no target ${name}`);
  target = only;
}, 300_000);

afterAll(async () => {
  if (isUpdate)
    writeGolden(
      golden,
      cases.map((one) => {
        const { input = "", output = "" } = known.get(one.name) ?? {};
        const answer = answers.get(one.name) ?? "";
        const theirs = isOurs ? input : answer;
        return { title: one.name, input: theirs, output: one.differs === undefined ? "" : isOurs ? answer : output };
      }),
    );
  await lab?.close();
}, 180_000);

describe(name, () => {
  test("names are told apart", () => {
    expect(cases.length).toBe(new Set(cases.map((one) => one.name)).size);
    expect(cases.length).toBeGreaterThan(150);
  });

  for (const one of cases)
    test(one.name, async () => {
      const answer = await answerTo(target, one);
      answers.set(one.name, answer);
      if (isUpdate) return;
      const { input: theirs = "no answer is known", output: ours = "" } = known.get(one.name) ?? {};
      const expected = isOurs ? (one.differs === undefined ? asOurs(theirs) : ours) : theirs;
      expect(isSame(answer, expected) ? expected : answer).toBe(expected);
    });

  test("a difference that is none any more has no reason", () => {
    const needless = cases.filter(({ name: title, differs }) => {
      const { input = "", output = "" } = known.get(title) ?? {};
      return differs !== undefined && isSame(output, asOurs(input));
    });
    expect(needless.map((one) => one.name)).toEqual([]);
  });
});

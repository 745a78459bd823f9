import { expect, test } from "bun:test";
import { runJobStages, type FileJob, type JobRunner, type Lane } from "./file-jobs.ts";

const job = (name: string, needsMachine = false): FileJob => ({ name, args: [name], needsMachine });

/** Each job takes one turn of the clock, `slow` ones more. */
function runner(lanes: readonly Lane[], slow: Readonly<Record<string, number>> = {}) {
  const ran: string[] = [];
  let printed = "";
  const made: JobRunner = {
    lanes,
    async run({ name }, lane) {
      ran.push(`${name} ${lane}`);
      for (let turn = 0; turn < (slow[name] ?? 1); turn++) await Bun.sleep(0);
      if (name === "throws") throw new Error("expected in this test");
      return { passed: 2, failed: name === "fails" ? 1 : 0, text: `(pass) one\n(pass) two\ntext of ${name}\n` };
    },
    print: (text) => void (printed += text),
    now: () => 0,
  };
  return { made, ran, printed: () => printed };
}

test("what needs the machine runs there, the rest anywhere, and the next stage begins while the last job of one runs", async () => {
  const { made, ran, printed } = runner(["machine", "private"], { out: 50 });
  const lines = await runJobStages(
    [
      { name: "a", what: "first", jobs: [job("x"), job("out", true)] },
      { name: "b", what: "second", jobs: [job("y"), job("also-out", true), job("z")] },
    ],
    made,
  );
  expect(ran).toEqual(["out machine", "x private", "y private", "z private", "also-out machine"]);
  expect(lines.map(({ name, passed, failed }) => [name, passed, failed])).toEqual([
    ["a", 4, 0],
    ["b", 6, 0],
  ]);
  // In one piece, and a stage's sum after its last job.
  expect(printed()).toContain(
    "-- b: y: 2 passed, 0 failed, 0.0 s, on a private machine\n(pass) one\n(pass) two\ntext of y\n",
  );
  expect(printed().indexOf("== a: 4 passed")).toBeGreaterThan(printed().indexOf("text of out"));
});

test("what is beside the others has its lane, and without one its turn", async () => {
  const stages = [
    { name: "a", what: "first", jobs: [{ ...job("long"), beside: true }] },
    { name: "b", what: "second", jobs: [job("x"), job("y")] },
  ];
  const three = runner(["machine", "private", "beside"], { long: 50 });
  const lines = await runJobStages(stages, three.made);
  expect(three.ran.toSorted()).toEqual(["long beside", "x machine", "y private"]);
  expect(lines.map(({ name, passed }) => [name, passed])).toEqual([
    ["a", 2],
    ["b", 4],
  ]);
  const alone = runner(["machine"]);
  await runJobStages(stages, alone.made);
  expect(alone.ran).toEqual(["long machine", "x machine", "y machine"]);
});

test("only what is early runs until all is fetched, and when it is not, nothing else", async () => {
  for (const comes of [true, false]) {
    const { made, ran } = runner(["machine", "private"], { long: 50 });
    const fetching = Promise.withResolvers<boolean>();
    const running = runJobStages(
      [
        { name: "a", what: "needs", jobs: [job("x"), { ...job("long"), early: true }] },
        { name: "b", what: "both", jobs: [{ ...job("early"), early: true }, job("y")] },
      ],
      made,
      fetching.promise,
    );
    for (let turn = 0; turn < 20; turn++) await Bun.sleep(0);
    expect(ran).toEqual(["long machine", "early private"]);
    fetching.resolve(comes);
    const lines = await running;
    expect(ran.slice(2)).toEqual(comes ? ["x private", "y private"] : []);
    expect(lines.map(({ passed }) => passed)).toEqual(comes ? [4, 4] : [2, 2]);
  }
});

test("without private machines all run on the machine, in order", async () => {
  const { made, ran } = runner(["machine"]);
  await runJobStages([{ name: "a", what: "all", jobs: [job("x"), job("y")] }], made);
  expect(ran).toEqual(["x machine", "y machine"]);
});

test("failures are counted, a job that throws as one", async () => {
  const { made, printed } = runner(["machine"]);
  const lines = await runJobStages([{ name: "a", what: "bad", jobs: [job("fails"), job("throws"), job("x")] }], made);
  expect(lines).toEqual([{ name: "a", passed: 4, failed: 2, seconds: 0 }]);
  expect(printed()).toContain("expected in this test");
  const again = printed().split("\nWhat failed:\n")[1];
  expect(again).toContain("text of fails\n");
  expect(again).toContain("expected in this test");
  expect(again).not.toContain("text of x");
  expect(again).not.toContain("(pass)");
});

test("a stage without jobs is a failure: its files were not found", async () => {
  const { made } = runner(["machine"]);
  const lines = await runJobStages([{ name: "a", what: "moved away", jobs: [] }], made);
  expect(lines).toEqual([{ name: "a", passed: 0, failed: 1, seconds: 0 }]);
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import type { ShimLog, SupervisedProcess } from "#runtime/types.ts";
import type { Plan } from "#runtime/plan/ops.ts";
import { eventually } from "../../tools/lab/command.ts";
import { readLog, ShimFixture } from "./shim-fixture.ts";

let fixture: ShimFixture;
beforeAll(() => {
  fixture = new ShimFixture();
});
afterAll(() => fixture.close());

async function start(argv: readonly string[] | Plan, log: ShimLog): Promise<SupervisedProcess> {
  const plan = "exec" in argv ? argv : fixture.plan(argv);
  const launched = await fixture.launch(fixture.request(plan, { log }));
  await launched.go();
  return launched;
}

async function run(argv: readonly string[], log: ShimLog): Promise<void> {
  await (await start(argv, log)).exited();
}

interface Line {
  readonly log: string;
  readonly stream: string;
  readonly attrs?: Readonly<Record<string, string>>;
  readonly time: string;
}

const jsonLines = (path: string): Line[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

describe("JSON lines", () => {
  test("are what Docker writes, byte by byte", async () => {
    const dir = fixture.directory("log");
    const path = `${dir}/log`;
    const text = 'a"b\\\\c<d>&\\t\\r\\001\\177 \\342\\200\\250 \\377\\303x \\303\\251 \\360\\237\\230\\200\\n\\n';
    await run(["sh", "-c", `printf '${text}'; printf 'tail'`], {
      ...{ path, maxSizeBytes: 0, maxFiles: 1, format: "json" },
      attributes: '"attrs":{"k":"v"},',
    });
    const lines = readFileSync(path, "utf8").split("\n");
    const time = '"time":"2[-0-9]{9}T[:0-9]{8}(?:\\.\\d{0,8}[1-9])?Z"}$';
    // Debian's dockerd 20.10 on the same output.
    const first =
      '{"log":"a\\"b\\\\c\\u003cd\\u003e\\u0026\\u0009\\r\\u0001\u007f \\u2028 \\ufffd\\ufffdx é 😀\\n","stream":"stdout","attrs":{"k":"v"},';
    expect(lines[0]?.slice(0, first.length)).toBe(first);
    expect(lines[0]?.slice(first.length)).toMatch(new RegExp(`^${time}`));
    expect(lines[1]).toStartWith('{"log":"\\n","stream":"stdout","attrs":{"k":"v"},"time":');
    expect(lines[2]).toStartWith('{"log":"tail","stream":"stdout","attrs":{"k":"v"},"time":');
    expect(lines[3]).toBe("");
  });

  test("split long lines, keep the streams apart, and are the process's bytes", async () => {
    const path = `${fixture.directory("log")}/log`;
    await run(["sh", "-c", "head -c 40000 /dev/zero; echo; echo err >&2"], {
      ...{ path, maxSizeBytes: 0, maxFiles: 1, format: "json" },
    });
    const lines = jsonLines(path);
    const out = lines.filter(({ stream }) => stream === "stdout");
    expect(out.map(({ log }) => log.length)).toEqual([16_384, 16_384, 7233]);
    expect(out.map(({ log }) => log).join("")).toBe(`${"\0".repeat(40_000)}\n`);
    expect(lines.filter(({ stream }) => stream === "stderr").map(({ log }) => log)).toEqual(["err\n"]);
  });

  test("rotate, also over files that were compressed, and continue behind a torn line", async () => {
    const dir = fixture.directory("log");
    const log: ShimLog = { path: `${dir}/log`, maxSizeBytes: 20_000, maxFiles: 4, format: "json" };
    await run(["seq", "1", "700"], log);
    expect(readdirSync(dir).sort()).toEqual(["log", "log.1", "log.2"]);
    renameSync(`${dir}/log.2`, `${dir}/log.2.gz`);
    const mark = readFileSync(`${dir}/log.2.gz`);
    writeFileSync(log.path, `${readFileSync(log.path, "utf8")}{"log":"to`);
    await run(["seq", "701", "800"], log);
    expect(
      jsonLines(log.path)
        .map((line) => line.log)
        .slice(-2),
    ).toEqual(["799\n", "800\n"]);
    await run(["seq", "801", "1000"], log);
    expect(readdirSync(dir).sort()).toEqual(["log", "log.1", "log.2", "log.3.gz"]);
    expect(readFileSync(`${dir}/log.3.gz`).equals(mark)).toBe(true);
    for (const name of readdirSync(dir)) expect(statSync(`${dir}/${name}`).size).toBeLessThanOrEqual(20_000);
    const kept = ["log.2", "log.1", "log"].flatMap((name) =>
      jsonLines(`${dir}/${name}`).map((line) => Number(line.log)),
    );
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 1001 - kept.length + index));
  });
});

describe("record files", () => {
  /** The time of the record that a file begins with. */
  const idOf = (path: string): bigint => readFileSync(path).readBigUInt64LE(8);

  test("have ids that rise", async () => {
    const dir = fixture.directory("log");
    const log: ShimLog = { path: `${dir}/log`, maxSizeBytes: 5000, maxFiles: 3 };
    await run(["seq", "1", "1000"], log);
    expect(idOf(`${dir}/log.2`)).toBeGreaterThan(0n);
    expect(idOf(`${dir}/log.1`)).toBeGreaterThan(idOf(`${dir}/log.2`));
    expect(idOf(log.path)).toBeGreaterThan(idOf(`${dir}/log.1`));
  });

  test("tell of rotations", async () => {
    const dir = fixture.directory("log");
    const plan = fixture.plan(["sh", "-c", "read x; seq 1 1000; sleep 60"]);
    const launched = await fixture.launch(
      fixture.request(plan, { stdin: "open", log: { path: `${dir}/log`, maxSizeBytes: 5000, maxFiles: 3 } }),
    );
    const rotated = new Promise<void>((resolve) => launched.onLogRotated(resolve));
    await launched.go();
    const attached = await launched.attach({ stdin: true, stdout: false, stderr: false });
    await attached.write(Buffer.from("go\n"));
    await rotated;
    attached.close();
  });

  test("are held for a reader that did not take them: the process waits", async () => {
    const dir = fixture.directory("log");
    const log: ShimLog = { path: `${dir}/log`, maxSizeBytes: 100_000, maxFiles: 2, hold: true };
    const launched = await start(["seq", "1", "200000"], log);
    const end = { seen: false };
    void launched.exited().then(() => (end.seen = true));
    const rotated = `${dir}/log.1`;
    const seen = new Set<number>();
    const take = (path: string): void => {
      for (const { text } of readLog(path)) seen.add(Number(text));
    };
    const idThere = (): bigint => {
      try {
        return idOf(rotated);
      } catch {
        // One went, the next comes.
        return 0n;
      }
    };
    // What it has read is written, however much; more is not read.
    await eventually("a full log", () => (idThere() > 0n && statSync(log.path).size > 100_000) || undefined);
    expect(end.seen).toBe(false);
    expect(readLog(rotated)[0]?.text).toBe("1");
    // What was rotated stays what it is until it is said to be taken.
    for (let taken = 0n; !end.seen; await Bun.sleep(1)) {
      const id = idThere();
      if (id <= taken) continue;
      take(rotated);
      taken = id;
      await launched.logTaken(taken + 1n);
    }
    for (const name of readdirSync(dir)) take(`${dir}/${name}`);
    expect(seen.size).toBe(200_000);
  });
});

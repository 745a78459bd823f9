import { expect, test } from "bun:test";
import type { Target } from "../target.ts";

/** What a run prints, what it reads and how it ends. */
export function outputCases(target: () => Target): void {
  const table: readonly {
    readonly name: string;
    readonly args: readonly string[];
    readonly stdin?: string;
    readonly code?: number;
    readonly stdout?: string | RegExp;
    readonly stderr?: string | RegExp;
  }[] = [
    { name: "prints what the process prints", args: ["run", "--rm", "busybox", "echo", "hi"], stdout: "hi\n" },
    {
      name: "runs the image's own command",
      args: ["run", "--rm", "-i", "busybox"],
      stdin: "echo from sh",
      stdout: "from sh\n",
    },
    { name: "feeds standard input", args: ["run", "--rm", "-i", "busybox", "cat"], stdin: "x\n", stdout: "x\n" },
    { name: "gives no input without -i", args: ["run", "--rm", "busybox", "cat"], stdin: "x\n", stdout: "" },
    {
      name: "keeps standard output and error apart",
      args: ["run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2"],
      stdout: "out\n",
      stderr: "err\n",
    },
    { name: "passes the exit code", args: ["run", "--rm", "busybox", "sh", "-c", "exit 7"], code: 7, stdout: "" },
    {
      name: "gives 128 plus the signal",
      args: ["run", "--rm", "busybox", "sh", "-c", "sh -c 'kill -9 $$'; exit $?"],
      code: 137,
      stderr: /^(Killed\n)?$/,
    },
    {
      name: "gives 127 for a command that is not there",
      args: ["run", "--rm", "busybox", "no-such-command"],
      code: 127,
      stderr: /executable file not found in \$PATH/,
    },
    {
      name: "gives 127 for a path that is not there",
      args: ["run", "--rm", "busybox", "/no/such/file"],
      code: 127,
      stderr: /no such file or directory/,
    },
    {
      name: "gives 126 for a file that is not executable",
      args: ["run", "--rm", "busybox", "/etc/passwd"],
      code: 126,
      stderr: /permission denied/,
    },
    {
      name: "gives 126 for a folder",
      args: ["run", "--rm", "busybox", "/etc"],
      code: 126,
      stderr: /permission denied|is a directory/,
    },
    {
      name: "gives 125 for an image that cannot be found",
      args: ["run", "--rm", "127.0.0.1:1/nothing/here"],
      code: 125,
      stderr: /Unable to find image '127\.0\.0\.1:1\/nothing\/here:latest' locally[\s\S]*connection refused/,
    },
    {
      name: "gives 125 for a reference that is not one",
      args: ["run", "--rm", "Not/A/Reference"],
      code: 125,
      stderr: /invalid reference format: repository name \(?.*\)? ?must be lowercase/,
    },
    {
      name: "gives 125 for a flag that does not exist",
      args: ["run", "--no-such-flag", "busybox"],
      code: 125,
      stderr: /unknown flag: --no-such-flag/,
    },
    { name: "needs an image", args: ["run"], code: 1, stderr: /requires at least 1 argument/ },
  ];

  for (const row of table) {
    test(`run ${row.name}`, async () => {
      const result = await target().run(row.args, row.stdin === undefined ? {} : { stdin: row.stdin });
      expect({ code: result.code, stderr: row.code === undefined ? result.stderr : "" }).toEqual({
        code: row.code ?? 0,
        stderr: row.code === undefined && typeof row.stderr === "string" ? row.stderr : "",
      });
      if (row.stdout !== undefined) expect(result.stdout).toMatch(pattern(row.stdout));
      if (row.stderr !== undefined) expect(result.stderr).toMatch(pattern(row.stderr));
    });
  }

  test("run copies a megabyte through cat unchanged", async () => {
    const input = Array.from({ length: 16_384 }, (_, line) => `line ${String(line).padStart(58, "0")}\n`).join("");
    const result = await target().run(["run", "--rm", "-i", "busybox", "cat"], { stdin: input });
    expect(result.code).toBe(0);
    expect(result.stdout === input).toBe(true);
  });

  test("run ends when the process has, though input is still open", async () => {
    const running = target().start(["run", "--rm", "-i", "busybox", "sh", "-c", "read x; echo got $x"]);
    running.write("word\n");
    await running.waitFor(/got word/);
    expect(await running.end()).toBe(0);
  });

  test("the end of input reaches the process", async () => {
    const running = target().start(["run", "--rm", "-i", "busybox", "sh", "-c", "cat; echo end"]);
    running.write("a\n");
    await running.waitFor(/a\n/);
    running.endInput();
    expect(await running.end()).toBe(0);
    expect(running.output()).toBe("a\nend\n");
  });

  test("ctrl-c goes to the process", async () => {
    const running = target().start([
      "run",
      "--rm",
      "busybox",
      "sh",
      "-c",
      "trap 'echo int; exit 3' INT; echo up; while :; do sleep 0.1; done",
    ]);
    await running.waitFor(/up/);
    running.signal("SIGINT");
    expect(await running.end()).toBe(3);
    expect(running.output()).toBe("up\nint\n");
  });
}

function pattern(expected: string | RegExp): RegExp {
  if (expected instanceof RegExp) return expected;
  return new RegExp(`^${expected.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
}

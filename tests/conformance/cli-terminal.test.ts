import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { dockerCli } from "../../tools/lab/engines.ts";
import { frame, startFakeEngine, type FakeEngine } from "./fake-engine.ts";

/**
 * The command line on a real pseudo-terminal (made by script(1)) and with pipes, against a canned engine: raw mode, window
 * size, detach keys, half-close, signals, exit codes.
 */
const BERTH = [process.execPath, join(import.meta.dir, "../../src/main/berth.ts")];
const folder = mkdtempSync(join(tmpdir(), "berth-tty-"));
const ID = "b".repeat(64);
let engine: FakeEngine;
let attached: (stream: Duplex) => void = (stream) => stream.end();
let exitWith: (code: number) => void = () => {};
let startFailure: string | undefined;

beforeAll(async () => {
  engine = await startFakeEngine(join(folder, "engine.sock"), [
    [/^POST \/containers\/create/, { status: 201, json: { Id: ID, Warnings: [] } }],
    [
      /\/attach/,
      () => ({ hijack: (stream) => attached(stream), hijackType: "application/vnd.docker.multiplexed-stream" }),
    ],
    [
      /\/wait/,
      () => ({
        stream: (response) => {
          response.flushHeaders();
          exitWith = (code) => response.end(JSON.stringify({ StatusCode: code }));
        },
      }),
    ],
    [
      /\/start/,
      () => (startFailure === undefined ? { status: 204 } : { status: 400, json: { message: startFailure } }),
    ],
    [
      /\/kill/,
      () => {
        exitWith(130);
        return { status: 204 };
      },
    ],
    [/\/resize/, { status: 200 }],
  ]);
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const env = (): Record<string, string> => ({
  ...(process.env as Record<string, string>),
  BERTH_HOST: engine.host,
  DOCKER_HOST: engine.host,
  DOCKER_CONFIG: folder,
});

function berth(argv: readonly string[]): Bun.Subprocess<"pipe", "pipe", "pipe"> {
  engine.requests.splice(0);
  return Bun.spawn([...BERTH, ...argv], { env: env(), stdin: "pipe", stdout: "pipe", stderr: "pipe" });
}

/** The same on a terminal of 40 rows and 120 columns; what is typed goes to stdin. */
function berthOnTerminal(
  argv: readonly string[],
  program: readonly string[] = BERTH,
  columns = 120,
): Bun.Subprocess<"pipe", "pipe", "pipe"> {
  engine.requests.splice(0);
  const words = [...program, ...argv].map((word) => `'${word}'`).join(" ");
  const line = `stty rows 40 cols ${columns}; ${words}; code=$?; stty -a | grep -o -- '-\\?icanon'; exit $code`;
  return Bun.spawn(["script", "-qec", line, "/dev/null"], {
    env: env(),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function finished(
  child: Bun.Subprocess<"pipe", "pipe", "pipe">,
): Promise<{ stdout: string; stderr: string; code: number }> {
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(5);
}

test("output is split into stdout and stderr, and the exit code is the container's", async () => {
  attached = (stream) => {
    stream.write(Buffer.concat([frame(1, "out\n"), frame(2, "err\n"), frame(1, "more\n")]));
    stream.end();
    setTimeout(() => exitWith(42), 20);
  };
  expect(await finished(berth(["run", "busybox", "x"]))).toEqual({ stdout: "out\nmore\n", stderr: "err\n", code: 42 });
});

test("stdin's end is a half-close: the container's answer to it still arrives", async () => {
  attached = (stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      stream.write(frame(1, `got ${Buffer.concat(chunks).toString()}`));
      stream.end();
      setTimeout(() => exitWith(0), 20);
    });
  };
  const child = berth(["run", "-i", "busybox", "cat"]);
  void child.stdin.write("hello");
  await child.stdin.end();
  expect(await finished(child)).toEqual({ stdout: "got hello", stderr: "", code: 0 });
});

test("a container that ends does not wait for stdin", async () => {
  attached = (stream) => {
    stream.end(frame(1, "bye\n"));
    setTimeout(() => exitWith(3), 20);
  };
  const child = berth(["run", "-i", "busybox", "x"]);
  expect(await finished(child)).toMatchObject({ stdout: "bye\n", code: 3 });
});

test("a failing start has docker's exit codes and words", async () => {
  attached = () => {};
  for (const [message, code] of [
    ['exec: "x": executable file not found in $PATH: unknown', 127],
    ["exec: permission denied: unknown", 126],
    ["something else", 125],
  ] as const) {
    startFailure = message;
    const result = await finished(berth(["run", "busybox", "x"]));
    expect(result).toEqual({
      stdout: "",
      stderr: `berth: Error response from daemon: ${message}\n\nRun 'berth run --help' for more information\n`,
      code,
    });
  }
  startFailure = undefined;
});

test("signals are passed on and do not end the command itself", async () => {
  let open = false;
  attached = (stream) => {
    open = true;
    setTimeout(() => stream.end(), 400);
  };
  const child = berth(["run", "busybox", "sleep"]);
  await until(() => open && engine.requests.some(({ path }) => path.endsWith("/start")));
  await Bun.sleep(50);
  child.kill("SIGINT");
  expect((await finished(child)).code).toBe(130);
  expect(engine.requests.find(({ path }) => path.endsWith("/kill"))?.query).toEqual({ signal: "INT" });
});

test("-it is refused without a terminal", async () => {
  const result = await finished(berth(["run", "-it", "busybox"]));
  expect(result).toEqual({ stdout: "", stderr: "the input device is not a TTY\n", code: 1 });
});

test("-it: raw keys reach the container, the window's size is told, the terminal is put back", async () => {
  const typed: Buffer[] = [];
  attached = (stream) => {
    stream.write("prompt$ ");
    stream.on("data", (chunk: Buffer) => {
      typed.push(chunk);
      if (Buffer.concat(typed).includes("q")) {
        stream.end("done\r\n");
        setTimeout(() => exitWith(5), 20);
      }
    });
  };
  const child = berthOnTerminal(["run", "-it", "busybox", "sh"]);
  await until(() => engine.requests.some(({ path }) => path.endsWith("/resize")));
  void child.stdin.write("a\x03\x1bq");
  await child.stdin.flush();
  const { stdout, code } = await finished(child);
  expect(code).toBe(5);
  expect(Buffer.concat(typed).toString()).toBe("a\x03\x1bq");
  expect(stdout).toBe("prompt$ done\r\nicanon\r\n");
  const create = JSON.parse(engine.requests.find(({ path }) => path.endsWith("/create"))?.body ?? "{}") as {
    HostConfig: { ConsoleSize: unknown };
  };
  expect(create.HostConfig.ConsoleSize).toEqual([40, 120]);
  expect(engine.requests.find(({ path }) => path.endsWith("/resize"))?.query).toEqual({ h: "40", w: "120" });
});

test("the detach keys leave the container running", async () => {
  const typed: Buffer[] = [];
  attached = (stream) => {
    stream.write("$ ");
    stream.on("data", (chunk: Buffer) => typed.push(chunk));
  };
  const child = berthOnTerminal(["run", "-it", "--detach-keys", "ctrl-a,x", "busybox", "sh"]);
  await until(() => engine.requests.some(({ path }) => path.endsWith("/resize")));
  void child.stdin.write("one\x01two\x01x");
  await child.stdin.flush();
  const { stdout, code } = await finished(child);
  expect({ stdout, code }).toEqual({ stdout: "$ icanon\r\n", code: 0 });
  expect(Buffer.concat(typed).toString()).toBe("one\x01two");
  exitWith(0);
});

test("pull draws its layers in place on a terminal", async () => {
  engine.routes = [
    [
      /^POST \/images\/create/,
      {
        text: [
          { status: "Pulling from library/busybox", id: "latest" },
          { status: "Pulling fs layer", progressDetail: {}, id: "aa" },
          { status: "Pulling fs layer", progressDetail: {}, id: "bb" },
          { status: "Downloading", progressDetail: { current: 500_000, total: 1_000_000 }, id: "aa" },
          { status: "Downloading", progressDetail: { current: 12_345 }, id: "bb" },
          { status: "Extracting", progressDetail: { current: 1_000_000, total: 1_000_000 }, id: "aa" },
          { status: "Pull complete", progressDetail: {}, id: "aa" },
          { status: "Already exists", progressDetail: {}, id: "cc" },
          { status: "Status: Downloaded newer image for busybox:latest" },
        ]
          .map((line) => `${JSON.stringify(line)}\r\n`)
          .join(""),
      },
    ],
    ...engine.routes,
  ];
  const ours = await finished(berthOnTerminal(["pull", "busybox"]));
  const theirs = await finished(berthOnTerminal(["pull", "busybox"], [await dockerCli()]));
  expect(ours).toEqual(theirs);
  expect(ours.stdout).toContain("\x1b[2A");
});

test("on a narrow terminal tables and bars fit", async () => {
  const stats = {
    id: ID,
    name: "/a-container-with-a-name",
    cpu_stats: { cpu_usage: { total_usage: 0 }, system_cpu_usage: 0, online_cpus: 1 },
    precpu_stats: { cpu_usage: { total_usage: 0 }, system_cpu_usage: 0 },
    memory_stats: { usage: 123_456_789, limit: 17_179_869_184, stats: {} },
    blkio_stats: { io_service_bytes_recursive: null },
    pids_stats: { current: 12 },
    networks: { eth0: { rx_bytes: 123_456, tx_bytes: 654_321 } },
  };
  const top = { Titles: ["UID", "PID", "PPID", "C", "CMD"], Processes: [["root", "1", "0", "0", "sleep 1000"]] };
  engine.routes = [
    [/^GET \/containers\/[^/]+\/stats/, { json: stats }],
    [/^GET \/containers\/[^/]+\/top/, { json: top }],
    [
      /^POST \/images\/create/,
      {
        text: [
          { status: "Downloading", progressDetail: { current: 500_000, total: 1_000_000 }, id: "aaaaaaaaaaaa" },
          { status: "Pull complete", progressDetail: {}, id: "aaaaaaaaaaaa" },
        ]
          .map((line) => `${JSON.stringify(line)}\r\n`)
          .join(""),
      },
    ],
  ];
  const shown = async (columns: number, ...argv: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await finished(berthOnTerminal(argv, BERTH, columns));
    // oxlint-disable-next-line no-control-regex -- what moves the cursor
    return stdout.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, "").split(/\r?\n|\r/);
  };
  expect((await shown(140, "stats", "--no-stream", "x"))[0]).toContain("BLOCK I/O");
  const narrow = await shown(80, "stats", "--no-stream", "x");
  expect(narrow[0]).toMatch(/^NAME +CPU % +MEM USAGE \/ LIMIT/);
  expect(narrow[1]).toContain("a-container-with-a-name");
  expect((await shown(140, "top", "x"))[0]).toBe(`${["UID", "PID", "PPID", "C"].map((t) => t.padEnd(20)).join("")}CMD`);
  expect((await shown(80, "top", "x"))[0]).toBe("UID    PID   PPID   C   CMD");
  const bars = await shown(80, "pull", "x");
  expect(bars.join("\n")).toContain("aaaaaaaaaaaa: Downloading [============>             ]    500kB/1MB");
  for (const line of [...narrow, ...bars]) expect(Array.from(line.trimEnd()).length).toBeLessThanOrEqual(80);
});

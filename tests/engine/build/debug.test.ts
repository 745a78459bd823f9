/** `berth build --debug` on a real terminal: the shell where a step failed, and nothing left of it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, mustRun } from "../../../tools/lab/command.ts";
import { berthCommand } from "../../../tools/lab/engines.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

let lab: BuildLab;

/** `bare`: an image with one program and no shell. */
beforeAll(async () => {
  lab = await BuildLab.open("bbld7", "172.31.215.1/24");
  const root = join(lab.engine.dir, "bare");
  mkdirSync(root);
  copyFileSync("/bin/busybox", join(root, "sleep"));
  await mustRun(["tar", "-C", root, "-cf", `${root}.tar`, "sleep"]);
  await lab.engine.ok("import", `${root}.tar`, "bare");
}, 180_000);
afterAll(() => lab.close());

interface Terminal {
  type(line: string): void;
  /** Resolves when the terminal has shown it. */
  shows(text: string | RegExp): Promise<string>;
  readonly exited: Promise<number>;
  kill(): void;
}

/** berth on a pseudo-terminal, made by script(1), of 31 rows and 101 columns. */
function onTerminal(...args: readonly string[]): Terminal {
  const words = [...berthCommand(), ...args].map((word) => `'${word}'`).join(" ");
  const child = Bun.spawn(["script", "-qec", `stty rows 31 cols 101; exec ${words}`, "/dev/null"], {
    env: { ...lab.environment(), TERM: "xterm" },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  let seen = "";
  void (async () => {
    for await (const chunk of child.stdout) seen += Buffer.from(chunk).toString();
  })();
  return {
    type: (line) => {
      void child.stdin.write(`${line}\n`);
      void child.stdin.flush();
    },
    shows: (text) =>
      eventually(`the terminal shows ${String(text)}, not ${seen}`, () => {
        const found = typeof text === "string" ? seen.includes(text) : text.test(seen);
        return found ? seen : undefined;
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${seen}`);
      }),
    exited: child.exited,
    kill: () => child.kill("SIGKILL"),
  };
}

const layers = (): readonly string[] => readdirSync(join(lab.engine.dir, "data/layers")).toSorted();

/** No command, no mount and no layer more than there were. */
async function nothingLeft(before: readonly string[]): Promise<void> {
  await eventually("commands are gone", () =>
    readdirSync(join(lab.engine.dir, "exec/builds")).length === 0 ? true : undefined,
  );
  await eventually("layers are gone", () => (layers().length === before.length ? true : undefined));
  expect(layers()).toEqual([...before]);
  expect(readFileSync("/proc/self/mounts", "utf8").match(/\.new-/)).toBeNull();
}

test("in the state of a command: files, mounts, variables, folder, user, secrets, window", async () => {
  const folder = lab.context({
    Dockerfile: `FROM busybox
ARG GIVEN=argument
ENV SET=variable
WORKDIR /work
USER 7
RUN --mount=type=secret,id=s,uid=7 --mount=type=bind,target=/context --mount=type=tmpfs,target=/scratch \\
    echo half > /tmp/made; exit 3
`,
    file: "of the context\n",
  });
  const args = ["--progress", "plain", "--secret", `id=s,src=${join(lab.context({ s: "s3cr3t" }), "s")}`, folder];
  await lab.engine.run("build", ...args);
  const before = layers();
  const terminal = onTerminal("build", "--debug", ...args);
  await terminal.shows("exit code: 3");
  await terminal.shows("'exit' ends the build");
  terminal.type("cat /tmp/made /run/secrets/s /context/file; echo $GIVEN-$SET-$PWD-$(id -u)-$TERM");
  const seen = await terminal.shows("argument-variable-/work-7-xterm");
  expect(seen).toMatch(/half\r\ns3cr3tof the context/);
  terminal.type("stty size; grep -c ' /scratch ' /proc/mounts; echo mine > /tmp/made; cat /tmp/made");
  await terminal.shows(/31 101\r\n1\r\nmine/);
  terminal.type("exit 0");
  expect(await terminal.exited).toBe(1);
  await nothingLeft(before);
});

test("on what another instruction stood on, with its stage's folder and variables", async () => {
  const above = "FROM busybox\nENV A=b\nRUN echo made > /before\nWORKDIR /there\n";
  await lab.engine.ok("build", "-q", lab.context({ Dockerfile: above }));
  const folder = lab.context({ Dockerfile: `${above}COPY missing /x\nRUN echo after\n` });
  const before = layers();
  const terminal = onTerminal("build", "--debug", folder);
  await terminal.shows("'exit' ends the build");
  terminal.type("cat /before; ls /x; echo $A-$PWD");
  await terminal.shows(/made\r\nls: \/x: No such file.*\r\nb-\/there/);
  terminal.type("exit");
  expect(await terminal.exited).toBe(1);
  await nothingLeft(before);
});

test("with tools where there is no shell", async () => {
  const before = layers();
  const folder = lab.context({ Dockerfile: 'FROM bare\nRUN ["/sleep", "nonsense"]\n' });
  const terminal = onTerminal("build", "--debug", "--progress", "plain", folder);
  await terminal.shows("'exit' ends the build");
  terminal.type("ls /; which vi");
  await terminal.shows(/sleep\S*\s/);
  await terminal.shows("/.berth/bin/vi");
  terminal.type("exit");
  expect(await terminal.exited).toBe(1);
  await nothingLeft(before);
});

test("the tools that are not there, and a step that nothing can be seen of, are told; the build ends", async () => {
  const folder = lab.context({ Dockerfile: 'FROM bare\nRUN ["/nothing"]\n' });
  const before = layers();
  const none = onTerminal("build", "--debug", "--debug-tools", "127.0.0.1:1/none", folder);
  await none.shows(/Unable to find image '127.0.0.1:1\/none:latest' locally/);
  expect(await none.exited).toBe(1);
  const source = onTerminal("build", "--debug", lab.context({ Dockerfile: "FROM 127.0.0.1:1/none\n" }));
  expect(await source.exited).toBe(1);
  await nothingLeft(before);
});

test("the shell ends with a client that is killed", async () => {
  const before = layers();
  const terminal = onTerminal("build", "--debug", lab.context({ Dockerfile: "FROM busybox\nRUN false\n" }));
  await terminal.shows("'exit' ends the build");
  terminal.type("echo in; sleep 7671");
  await terminal.shows(/\nin\r/);
  terminal.kill();
  await terminal.exited;
  await nothingLeft(before);
});

test("a build that succeeds opens none; without a terminal one line says why not", async () => {
  const folder = lab.context({ Dockerfile: "FROM busybox\nRUN true\n" });
  expect(await onTerminal("build", "--debug", folder).exited).toBe(0);
  expect(await lab.engine.run("build", "--debug", folder)).toEqual({
    code: 1,
    stdout: "",
    stderr: "--debug opens a shell where a step fails, and needs a terminal for it\n",
  });
});

test("a shell that nobody offers, or wrong sizes, are refused", async () => {
  const ask = (path: string, body: unknown): Promise<{ readonly status: number; readonly text: string }> =>
    lab.engine.api("POST", `/berth/build/shells/${path}`, body);
  expect((await ask("none", { tools: "busybox" })).status).toBe(404);
  expect((await ask("none", { tools: 7 })).status).toBe(400);
  expect((await ask("none/resize?h=1&w=2", {})).status).toBe(404);
  expect((await ask("none/resize?h=x&w=2", {})).status).toBe(400);
});

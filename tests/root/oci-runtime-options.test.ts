import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";

import type { Hook, RuntimeSpec } from "#spec/oci/runtime.ts";
import { eventually } from "../../tools/lab/command.ts";
import { OciFixture } from "./oci-fixture.ts";

/** Needs root. What callers of an OCI runtime may ask for beyond the bare life of a container. */
let fixture: OciFixture;

beforeAll(() => {
  fixture = new OciFixture();
});
afterEach(() => fixture.clear());
afterAll(() => fixture.close());

const runtime = (...args: readonly string[]) => fixture.run(...args);
const process_ = (spec: RuntimeSpec): NonNullable<RuntimeSpec["process"]> => {
  if (spec.process === undefined) throw new Error("the example has a process");
  return spec.process;
};

async function started(args: readonly string[], change?: (spec: RuntimeSpec) => RuntimeSpec): Promise<string> {
  const { path, id } = fixture.bundle(args, change);
  expect(await runtime("run", "--detach", "--bundle", path, id)).toMatchObject({ exitCode: 0, stderr: "" });
  return id;
}

test("hooks run outside, in the namespaces, and inside, in the specification's order", async () => {
  const record = `${fixture.directory}/hooks`;
  const shared = { destination: "/record", type: "bind", source: record, options: ["bind"] };
  writeFileSync(record, "");
  const outside = (name: string): Hook => ({
    path: "/bin/sh",
    args: ["sh", "-c", `echo "${name} $(cat)" >> ${record}`],
  });
  const inside = (name: string): Hook => ({
    path: "/bin/sh",
    args: ["sh", "-c", `echo "${name} $A $(cat)" >> /record`],
    env: ["PATH=/bin", "A=b"],
  });
  const { path, id } = fixture.bundle(["sh", "-c", "echo program >> /record"], (spec) => ({
    ...spec,
    mounts: [...(spec.mounts ?? []), shared],
    annotations: { note: "\u0001" },
    hooks: {
      prestart: [outside("prestart")],
      createRuntime: [outside("createRuntime")],
      createContainer: [
        { ...outside("createContainer"), args: ["sh", "-c", `echo "createContainer $(hostname) $(cat)" >> ${record}`] },
      ],
      startContainer: [inside("startContainer")],
      poststart: [outside("poststart")],
      poststop: [outside("poststop")],
    },
  }));
  expect(await runtime("create", "--bundle", path, id)).toMatchObject({ exitCode: 0, stderr: "" });
  const lines = (): readonly string[] => readFileSync(record, "utf8").trimEnd().split("\n");
  expect(lines().map((line) => line.split(" ")[0])).toEqual(["prestart", "createRuntime", "createContainer"]);
  expect((await runtime("start", id)).exitCode).toBe(0);
  await eventually("the program has run", () => lines().includes("program") || undefined);
  await runtime("delete", "--force", id);
  expect(lines().map((line) => line.split(" ")[0])).toEqual([
    ...["prestart", "createRuntime", "createContainer", "startContainer"],
    ...(lines()[4]?.startsWith("program") === true ? ["program", "poststart"] : ["poststart", "program"]),
    "poststop",
  ]);
  const createContainer = lines()[2] ?? "";
  expect(createContainer.split(" ")[1]).not.toBe("bundle"); // the name is set later
  expect(JSON.parse(createContainer.slice(createContainer.indexOf("{")))).toMatchObject({
    id,
    status: "creating",
    pid: 1,
    annotations: { note: "\u0001" },
  });
  expect(lines()[3]).toStartWith("startContainer b {");
}, 180_000);

test("a hook inside that fails or takes too long ends the creation and leaves nothing", async () => {
  const failing = fixture.bundle(["true"], (spec) => ({
    ...spec,
    hooks: { createContainer: [{ path: "/bin/sh", args: ["sh", "-c", "exit 3"] }] },
  }));
  expect((await runtime("create", "--bundle", failing.path, failing.id)).stderr).toContain(
    "error running createContainer hook #0: exit status 3",
  );
  const slow = fixture.bundle(["true"], (spec) => ({
    ...spec,
    hooks: { createContainer: [{ path: "/bin/true" }, { path: "/bin/sleep", args: ["sleep", "60"], timeout: 1 }] },
  }));
  expect((await runtime("create", "--bundle", slow.path, slow.id)).stderr).toContain(
    "error running createContainer hook #1: connection timed out",
  );
  const inside = fixture.bundle(["true"], (spec) => ({ ...spec, hooks: { startContainer: [{ path: "/bin/none" }] } }));
  expect((await runtime("run", "--bundle", inside.path, inside.id)).stderr).toContain(
    "error running startContainer hook #0: exit status 127",
  );
  expect((await runtime("list", "-q")).stdout).toBe("");
}, 180_000);

test("a poststart hook that fails is an error and ends the container", async () => {
  const { path, id } = fixture.bundle(["sleep", "100"], (spec) => ({
    ...spec,
    hooks: { poststart: [{ path: "/bin/false" }] },
  }));
  await runtime("create", "--bundle", path, id);
  expect((await runtime("start", id)).stderr).toContain("error running poststart hook #0: exit status 1");
  await eventually("its end", async () =>
    (await runtime("state", id)).stdout.includes('"stopped"') ? true : undefined,
  );
}, 180_000);

test("a program that is missing is told at create, in the words callers look for", async () => {
  const cases = [
    [["nothing"], 'exec: "nothing": executable file not found in $PATH'],
    [["/bin/none"], 'exec: "/bin/none": stat /bin/none: no such file or directory'],
    [["/etc"], 'exec: "/etc": is a directory'],
    [["/etc/passwd"], 'exec: "/etc/passwd": permission denied'],
  ] as const;
  for (const [args, words] of cases) {
    const { path, id } = fixture.bundle(args);
    const text = `berth-runtime create failed: unable to start container process: ${words}`;
    expect(await runtime("create", "--bundle", path, id)).toEqual({ exitCode: 1, stdout: "", stderr: `${text}\n` });
    expect(fixture.lastLog()).toMatchObject({ level: "error", msg: text });
  }
  const id = await started(["sleep", "100"]);
  expect(await runtime("exec", id, "nothing")).toEqual({
    exitCode: 255,
    stdout: "",
    stderr: 'exec failed: unable to start container process: exec: "nothing": executable file not found in $PATH\n',
  });
}, 180_000);

test("HOME comes from the root's passwd, sockets from socket activation", async () => {
  const { path, id } = fixture.bundle(["env"], (spec) => ({
    ...spec,
    process: { ...process_(spec), user: { uid: 5, gid: 5 } },
  }));
  expect((await runtime("run", "--bundle", path, id)).stdout.trim().split("\n").toSorted()).toEqual([
    "HOME=/home/five",
    "PATH=/bin",
  ]);
  const listening = fixture.bundle(["sh", "-c", "echo $LISTEN_FDS $LISTEN_PID; readlink /proc/self/fd/3"]);
  const command = [...fixture.program, ...fixture.globals(), "run", "--bundle", listening.path, listening.id].join(" ");
  const out = `${fixture.directory}/sockets`;
  const child = Bun.spawn(["sh", "-c", `LISTEN_FDS=1 ${command} 3</etc/hostname > ${out}`]);
  expect(await child.exited).toBe(0);
  expect(readFileSync(out, "utf8")).toBe("1 1\n/etc/hostname\n");
}, 180_000);

test("descriptors that are to be preserved are the program's, others are not", async () => {
  const { path, id } = fixture.bundle([
    "sh",
    "-c",
    "readlink /proc/self/fd/3; readlink /proc/self/fd/4; echo ${LISTEN_FDS-none}",
  ]);
  const command = [...fixture.program, ...fixture.globals(), "run", "--preserve-fds", "1", "--bundle", path, id].join(
    " ",
  );
  const out = `${fixture.directory}/preserved`;
  const child = Bun.spawn(["sh", "-c", `${command} 3</etc/hostname 4</etc/passwd > ${out}`]);
  expect(await child.exited).toBe(0);
  expect(readFileSync(out, "utf8")).toBe("/etc/hostname\nnone\n");
}, 180_000);

test("a terminal in the foreground is the caller's", async () => {
  const { path, id } = fixture.bundle(
    ["sh", "-c", "stty size; test -t 0 && echo terminal; read x; echo got $x; exit 4"],
    (spec) => ({
      ...spec,
      process: { ...process_(spec), terminal: true, consoleSize: { height: 31, width: 71 } },
      mounts: [
        ...(spec.mounts ?? []),
        { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666"] },
      ],
    }),
  );
  const command = [...fixture.program, ...fixture.globals(), "run", "--bundle", path, id].join(" ");
  const child = Bun.spawn(["script", "-qec", command, "/dev/null"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  let output = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    const before = output;
    output += decoder.decode(bytes, { stream: true }).replaceAll("\r", "");
    if (before.includes("terminal\n") || !output.includes("terminal\n")) continue;
    void child.stdin.write("typed\n");
    await child.stdin.flush();
  }
  expect(await child.exited).toBe(4);
  expect(output).toContain("got typed");
}, 180_000);

test("signals reach the process in the foreground", async () => {
  const { path, id } = fixture.bundle([
    "sh",
    "-c",
    "trap 'exit 9' TERM; touch /tmp/ready; while :; do sleep 0.1; done",
  ]);
  const child = Bun.spawn([...fixture.program, ...fixture.globals(), "run", "--bundle", path, id], { stdin: "ignore" });
  await eventually("the trap", async () =>
    (await runtime("exec", id, "test", "-e", "/tmp/ready")).exitCode === 0 ? true : undefined,
  );
  child.kill("SIGTERM");
  expect(await child.exited).toBe(9);
}, 180_000);

test("an interface of the host moves in with its addresses, under another name", async () => {
  const name = `brt${String(process.pid % 10_000)}`;
  const ip = (...args: readonly string[]) => Bun.spawnSync(["ip", ...args]).exitCode;
  expect(ip("link", "add", name, "type", "veth", "peer", "name", `${name}p`)).toBe(0);
  try {
    expect(ip("addr", "add", "192.0.2.7/24", "dev", name)).toBe(0);
    const { path, id } = fixture.bundle(["ip", "addr", "show", "inside0"], (spec) => ({
      ...spec,
      linux: { ...spec.linux, netDevices: { [name]: { name: "inside0" } } },
    }));
    const seen = await runtime("run", "--bundle", path, id);
    expect(seen).toMatchObject({ exitCode: 0, stderr: "" });
    expect(seen.stdout).toContain("inside0@");
    expect(seen.stdout).toContain("192.0.2.7/24");
    const missing = fixture.bundle(["true"], (spec) => ({
      ...spec,
      linux: { ...spec.linux, netDevices: { none0: {} } },
    }));
    expect((await runtime("create", "--bundle", missing.path, missing.id)).stderr).toContain('"none0" does not exist');
  } finally {
    ip("link", "del", `${name}p`);
  }
}, 180_000);

test("spec --rootless maps the caller, features name every hook", async () => {
  expect((await runtime("spec", "--rootless", "--bundle", fixture.directory)).exitCode).toBe(0);
  const spec = JSON.parse(readFileSync(`${fixture.directory}/config.json`, "utf8")) as RuntimeSpec;
  expect(spec.linux?.uidMappings).toEqual([{ containerID: 0, hostID: 0, size: 1 }]);
  expect(spec.linux?.namespaces).toContainEqual({ type: "user" });
  const features = JSON.parse((await runtime("features")).stdout) as { readonly hooks: readonly string[] };
  expect(features.hooks).toHaveLength(6);
}, 180_000);

test("what cannot be done is refused by name", async () => {
  const { path, id } = fixture.bundle(["true"]);
  expect((await runtime("--systemd-cgroup", "create", "--bundle", path, id)).stderr).toContain(
    "use the cgroupfs driver",
  );
  expect((await runtime("restore", "--image-path", "x", id)).stderr).toContain("restore is not supported");
  expect((await runtime("create", "--bundle", path, "--console-socket", "x", id)).stderr).toContain(
    "cannot use console socket",
  );
  expect((await runtime("frobnicate")).stderr).toContain("No help topic for 'frobnicate'");
}, 180_000);

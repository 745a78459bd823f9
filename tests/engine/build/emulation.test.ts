/** Programs of other architectures, by handlers in the user namespace of each container: on this machine nothing is registered. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../../tools/lab/debian-registry.ts";
import { emulatorPath, foreignBusyboxImage } from "../../../tools/lab/emulation.ts";
import { buildIndex, goArchitecture } from "../../../tools/lab/image-writer.ts";
import { pushImage, pushManifest } from "../../../tools/lab/registry-push.ts";
import { busyboxImage } from "../../../tools/lab/test-images.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

const NATIVE = goArchitecture();
const BOTH = ["--platform", `linux/${NATIVE},linux/arm64`];
const ARM = ["--platform", "linux/arm64"];
let lab: BuildLab;
let registry: RunningRegistry;
let two: string;
let big: string;

beforeAll(async () => {
  const paths = await Promise.all([emulatorPath("arm64"), emulatorPath("s390x")]);
  const extraArgs = ["--emulator", `aarch64=${paths[0]}`, "--emulator", `s390x=${paths[1]}`];
  lab = await BuildLab.open("bemul0", "172.31.214.1/24", [...extraArgs, "--emulator", "riscv64=/nowhere/qemu"]);
  registry = await startDebianRegistry({ dir: lab.engine.dir, port: await freePort() });
  const images = [
    { image: await busyboxImage(), architecture: NATIVE },
    { image: await foreignBusyboxImage("arm64"), architecture: "arm64" },
  ];
  for (const { image, architecture } of images) await pushImage(registry.address, "two", architecture, image);
  await pushManifest(registry.address, "two", "latest", buildIndex(images));
  await pushImage(registry.address, "big", "latest", await foreignBusyboxImage("s390x"));
  [two, big] = [`${registry.address}/two`, `${registry.address}/big`];
  await lab.engine.ok("pull", "-q", "--platform", `linux/${NATIVE}`, "--platform", "linux/arm64", two);
  await lab.engine.ok("pull", "-q", "--platform", "linux/s390x", big);
}, 300_000);
afterAll(async () => {
  await registry.stop();
  await lab.close();
});
afterEach(() => lab.engine.removeAll());

const squeezed = (text: string): string => text.replaceAll(/ +/gu, " ");
/** Of binfmt_misc, that this process sees. */
const instances = (): readonly string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(" - binfmt_misc "));
const refusal = async (...args: readonly string[]): Promise<string> => {
  const { code, stderr } = await lab.engine.run(...args);
  expect(code).not.toBe(0);
  return stderr;
};

test("one build runs the commands of two platforms", async () => {
  const folder = lab.context({
    Dockerfile: `FROM ${two}
RUN uname -m > /machine && chown 7:8 /machine && cat /proc/self/uid_map > /ids
RUN --network=host --mount=type=cache,target=/c --mount=type=bind,target=/context,rw \\
    cat /context/file >> /machine && touch /context/new /c/mine && ls /sys/class/net/lo/mtu
USER nobody
RUN id -u > /tmp/user
`,
    file: "of the context\n",
  });
  await lab.engine.ok("build", "-q", ...BOTH, "-t", "made", folder);
  const seen = async (platform: string): Promise<string> => {
    const look = ["sh", "-c", "cat /machine /tmp/user /ids; stat -c %u:%g /machine /tmp/user; uname -m"];
    return squeezed(await lab.engine.ok("run", "--rm", "--platform", platform, "made", ...look));
  };
  const text = (machine: string): string =>
    `${machine}\nof the context\n65534\n 0 0 4294967295\n7:8\n65534:65534\n${machine}\n`;
  expect(await seen("linux/arm64")).toBe(text("aarch64"));
  expect(await seen(`linux/${NATIVE}`)).toBe(text(process.arch === "x64" ? "x86_64" : "aarch64"));
});

test("containers of another byte order run, are entered, restarted, and outlive a killed engine", async () => {
  const warned = await lab.engine.run("run", "--rm", big, "uname", "-m");
  expect([warned.stdout, warned.stderr]).toEqual(["s390x\n", expect.stringContaining("(linux/s390x) does not match")]);
  await lab.engine.ok("run", "-d", "--name", "box", "--platform", "linux/s390x", big, "sleep", "600");
  expect(await lab.engine.ok("exec", "box", "uname", "-m")).toBe("s390x\n");
  await lab.engine.kill();
  await lab.engine.start();
  expect(await lab.engine.ok("exec", "-u", "nobody", "box", "sh", "-c", "id -u; uname -m")).toBe("65534\ns390x\n");
  await lab.engine.ok("restart", "-t", "0", "box");
  expect(await lab.engine.ok("exec", "box", "uname", "-m")).toBe("s390x\n");
});

test("handlers are the containers' own; those that share namespaces share them", async () => {
  const before = instances();
  await lab.engine.ok("run", "-d", "--name", "box", ...ARM, two, "sleep", "600");
  const beside = ["run", "--rm", "--network", "container:box", "--pid", "container:box", "--ipc", "none"];
  expect(await lab.engine.ok(...beside, ...ARM, two, "uname", "-m")).toBe("aarch64\n");
  // One of the machine's own may see into it as into any other.
  expect(await lab.engine.ok(...beside, "busybox", "ps")).toContain("sleep 600");
  expect(instances()).toEqual(before);
  const registered = ["sh", "-c", "ls /proc/sys/fs/binfmt_misc; echo x > /proc/sys/fs/binfmt_misc/register"];
  const { stdout, stderr } = await lab.engine.run("run", "--rm", ...ARM, two, ...registered);
  expect(stdout).toContain("berth-arm64\n");
  expect(stderr).toContain("Read-only file system");
  await lab.engine.ok("run", "-d", "--name", "own", "busybox", "sleep", "600");
  const partner = await refusal("run", "--rm", "--network", "container:own", ...ARM, two, "true");
  expect(partner).toContain("sharing namespaces of a container that is not emulated is not possible for linux/arm64");
});

test("what needs the machine's own rights is refused by name", async () => {
  const refused = (...flags: readonly string[]): Promise<string> =>
    refusal("run", "--rm", ...flags, ...ARM, two, "true");
  expect(await refused("--privileged")).toContain("privileged mode is not possible for linux/arm64");
  expect(await refused("--pid", "host")).toContain("the host's PID namespace is not possible");
  expect(await refused("--ipc", "host")).toContain("the host's IPC namespace is not possible");
  const file = `# syntax=docker/dockerfile:1-labs\nFROM ${two}\nRUN --security=insecure true\n`;
  const insecure = ["build", ...ARM, "--allow", "security.insecure", lab.context({ Dockerfile: file })];
  expect(await refusal(...insecure)).toContain("--security=insecure is not possible for linux/arm64");
  const shown = await lab.engine.ok("run", "--rm", "--network", "host", ...ARM, two, "ls", "/sys/class/net/lo/mtu");
  expect(shown).toBe("/sys/class/net/lo/mtu\n");
});

test("where nothing can run them, that is said with what to do", async () => {
  const name = `${registry.address}/none:1`;
  const base = lab.context({ Dockerfile: "FROM scratch\nCOPY x /bin/sh\n", x: { text: "\x7fELF\x02", mode: 0o755 } });
  await lab.engine.ok("build", "-q", "--platform", "linux/riscv64", "-t", name, base);
  const folder = lab.context({ Dockerfile: `FROM ${name}\nRUN true\n` });
  const build = await refusal("build", "--platform", "linux/riscv64", folder);
  expect(build).toContain("cannot run a command for linux/riscv64 here: no handler for its programs is registered");
  expect(build).toContain("/nowhere/qemu is not there to emulate them");
  expect(build).toContain("Install qemu-user-static on the engine's machine (or set --emulator riscv64=PATH)");
  const run = await refusal("run", "--rm", "--platform", "linux/riscv64", name, "/bin/sh");
  expect(run).toContain("exec format error");
  expect(run).toContain("Install qemu-user-static on the engine's machine (or set --emulator riscv64=PATH).");
});

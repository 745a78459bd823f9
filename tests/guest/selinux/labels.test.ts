/**
 * SELinux, which the guest's kernel has: enforcing, with the policy of tools/guest/policy.conf. Its confined domains reach
 * nothing but files of containers, and those by their level. By the API alone: the guest is slow.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileLabel, setTreeLabel } from "#host/files/file-labels.ts";
import { mustRun } from "../../../tools/lab/command.ts";
import { berthCommand, startBerth, type RunningEngine } from "../../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../../tools/lab/scratch.ts";
import { writeTar } from "../../../tools/lab/tar-writer.ts";
import { busyboxImage } from "../../../tools/lab/test-images.ts";
import { startTinyRegistry, type TinyRegistry } from "../../../tools/lab/tiny-registry.ts";

setDefaultTimeout(600_000);

const ENGINE_LABEL = "system_u:system_r:kernel_t:s0";
const SHARED = "system_u:object_r:container_file_t:s0";
const READ_ONLY = "system_u:object_r:container_ro_file_t:s0";
const UNCONFINED = "system_u:object_r:container_file_t:s0:c1022,c1023";

const scratch = makeScratch("selinux");
let registry: TinyRegistry | undefined;
let engine: RunningEngine | undefined;
let image = "";

const open = (...extraArgs: string[]): Promise<RunningEngine> =>
  startBerth({ dir: scratch, bridge: "bse0", bip: "172.31.247.1/24", extraArgs });

const send = (method: string, path: string, body?: string | Uint8Array): Promise<Response> =>
  fetch(`http://engine${path}`, {
    unix: engine?.socket ?? "",
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : Buffer.from(body) }),
    headers: { "content-type": body instanceof Uint8Array ? "application/x-tar" : "application/json" },
  });
const textOf = async (method: string, path: string, body?: string | Uint8Array): Promise<string> => {
  const answer = await send(method, path, body);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text;
};

interface Wanted {
  readonly Cmd?: readonly string[];
  readonly Image?: string;
  readonly HostConfig?: Readonly<Record<string, unknown>>;
}
const create = ({ HostConfig, ...more }: Wanted, name = ""): Promise<Response> => {
  const request = { Image: image, Cmd: ["sleep", "600"], ...more, HostConfig: { NetworkMode: "none", ...HostConfig } };
  return send("POST", `/containers/create?name=${name}`, JSON.stringify({ Tty: true, StopSignal: "KILL", ...request }));
};
const hold = async (name: string, HostConfig: Wanted["HostConfig"] = {}): Promise<void> => {
  expect((await create({ HostConfig }, name)).status).toBe(201);
  await textOf("POST", `/containers/${name}/start`);
};
const remove = (name: string): Promise<string> => textOf("DELETE", `/containers/${name}?force=1`);
/** What a container writes until its end. */
const said = async (wanted: Wanted): Promise<string> => {
  const { Id } = (await (await create(wanted)).json()) as { readonly Id: string };
  await textOf("POST", `/containers/${Id}/start`);
  await textOf("POST", `/containers/${Id}/wait`);
  const text = await textOf("GET", `/containers/${Id}/logs?stdout=1`);
  await remove(Id);
  return lines(text);
};
/** Why a container could not be made or started. */
const refused = async (wanted: Wanted): Promise<readonly [status: number, message: string]> => {
  let answer = await create(wanted);
  const { Id, message } = (await answer.json()) as { readonly Id?: string; readonly message?: string };
  if (Id === undefined) return [answer.status, message ?? ""];
  answer = await send("POST", `/containers/${Id}/start`);
  const why = (await answer.json()) as { readonly message: string };
  await remove(Id);
  return [answer.status, why.message];
};
/** What a shell says in a running container. */
const inside = async (name: string, line: string): Promise<string> => {
  const exec = { Cmd: ["sh", "-c", line], Tty: true, AttachStdout: true, AttachStderr: true };
  const { Id } = JSON.parse(await textOf("POST", `/containers/${name}/exec`, JSON.stringify(exec))) as { Id: string };
  return lines(await textOf("POST", `/exec/${Id}/start`, JSON.stringify({ Detach: false, Tty: true })));
};
/** A terminal's; what the kernel tells of a label ends with NUL. */
const lines = (text: string): string => text.replaceAll("\r\n", "\n").replaceAll("\0", "");

interface Inspected {
  readonly ProcessLabel: string;
  readonly MountLabel: string;
  readonly State: { readonly Pid: number };
}
const inspect = async (name: string): Promise<Inspected> =>
  JSON.parse(await textOf("GET", `/containers/${name}/json`)) as Inspected;
const labelOfProcess = (pid: number): string => lines(readFileSync(`/proc/${pid}/attr/current`, "utf8"));
const levelOf = (label: string): string => label.split(":").slice(3).join(":");

/** A folder of the host with a file in it, as people's are. */
function folder(name: string): string {
  const path = join(scratch, name);
  mkdirSync(path);
  writeFileSync(join(path, "file"), `${name}\n`);
  chmodSync(path, 0o777);
  return path;
}

beforeAll(async () => {
  registry = await startTinyRegistry();
  registry.add("busybox", "latest", await busyboxImage());
  image = `${registry.address}/busybox:latest`;
  engine = await open("--selinux-enabled");
  await textOf("POST", `/images/create?fromImage=${image}`);
  await hold("one", { Init: true, IpcMode: "shareable", Tmpfs: { "/scratch": "" } });
  await hold("two");
});

afterAll(async () => {
  await engine?.stop();
  await registry?.close();
  removeScratch(scratch);
});

describe("labels", () => {
  test("a process has its container's, an exec too; the pair of categories is the container's own", async () => {
    const { ProcessLabel, State } = await inspect("one");
    expect(ProcessLabel).toMatch(/^system_u:system_r:container_t:s0:c\d+,c\d+$/);
    expect(labelOfProcess(State.Pid)).toBe(ProcessLabel);
    expect(await inside("one", "cat /proc/self/attr/current")).toBe(ProcessLabel);
    const other = await inspect("two");
    expect(labelOfProcess(other.State.Pid)).toBe(other.ProcessLabel);
    expect(levelOf(other.ProcessLabel)).not.toBe(levelOf(ProcessLabel));
    expect(await textOf("GET", "/info")).toContain('"name=selinux"');
  });

  test("so have its files: the root, what is mounted new, and what the engine lays over /etc", async () => {
    const { MountLabel, State, ProcessLabel } = await inspect("one");
    expect(levelOf(MountLabel)).toBe(levelOf(ProcessLabel));
    const root = `/proc/${State.Pid}/root`;
    const always = ["/", "/bin/busybox", "/dev", "/dev/null", "/dev/pts", "/dev/shm", "/dev/mqueue", "/scratch"];
    const paths = [...always, "/etc/hostname", ...["/proc/scsi", "/sys/firmware"].filter((path) => existsSync(path))];
    expect(paths.map((path) => [path, fileLabel(root + path)])).toEqual(paths.map((path) => [path, MountLabel]));
    expect(fileLabel(`${root}/sbin/docker-init`)).toBe(READ_ONLY);
    const writes = ["echo a > /root/a", "echo b > /dev/shm/b", "echo c > /scratch/c", "ls /dev/mqueue"];
    expect(await inside("one", [...writes, "cat /root/a /dev/shm/b /scratch/c"].join(" && "))).toBe("a\nb\nc\n");
  });

  test("as asked for by type, level and filetype; in Docker's words when it cannot be", async () => {
    const Cmd = ["cat", "/proc/self/attr/current"];
    const SecurityOpt = ["label=type:other_container_t", "label:level:s0:c5,c9", "label=filetype:other_file_t"];
    const label = "system_u:system_r:other_container_t:s0:c5,c9";
    expect(await said({ Cmd, HostConfig: { SecurityOpt } })).toBe(label);
    expect(await refused({ HostConfig: { SecurityOpt: ["label=nested"] } })).toEqual([
      400,
      expect.stringContaining('Bad label option "nested", valid options'),
    ]);
    // A type that the policy does not have.
    expect(await refused({ HostConfig: { SecurityOpt: ["label=type:nobody_t"] } })).toEqual([
      500,
      expect.stringMatching(/SELinux label "system_u:system_r:nobody_t:.*invalid argument/),
    ]);
  });

  test("none when disabled, privileged, or among the host's processes; another's among its", async () => {
    for (const HostConfig of [{ SecurityOpt: ["label=disable"] }, { Privileged: true }, { PidMode: "host" }])
      expect(await said({ Cmd: ["cat", "/proc/self/attr/current"], HostConfig })).toBe(ENGINE_LABEL);
    expect((await create({ HostConfig: { Privileged: true } }, "disabled")).status).toBe(201);
    expect(await inspect("disabled")).toMatchObject({ ProcessLabel: "", MountLabel: UNCONFINED });
    await hold("joined", { PidMode: "container:one", IpcMode: "container:one" });
    const { ProcessLabel, MountLabel } = await inspect("one");
    expect(await inspect("joined")).toMatchObject({ ProcessLabel, MountLabel });
    expect(await inside("joined", "echo x > /dev/shm/x; cat /dev/shm/x; kill -0 1 && echo seen")).toBe("x\nseen\n");
    await remove("joined");
  });
});

describe("what is mounted", () => {
  test("Z is one container's, z is for all, without either nobody can read it", async () => {
    const [own, shared, plain] = [folder("own"), folder("shared"), folder("plain")];
    await hold("first", { Binds: [`${own}:/own:Z`, `${shared}:/shared:z`, `${plain}:/plain`, "vol:/vol"] });
    await hold("second", { Binds: [`${own}:/own`, `${shared}:/shared:z`, "vol:/vol"] });
    const { MountLabel } = await inspect("first");
    const paths = [own, join(own, "file"), shared, join(shared, "file"), join(scratch, "data/volumes/vol/_data")];
    expect(paths.map(fileLabel)).toEqual([MountLabel, MountLabel, SHARED, SHARED, SHARED]);
    const write = "echo 1 >> /own/file; echo 2 > /shared/x; echo v > /vol/v";
    expect(await inside("first", `cat /own/file /shared/file; ${write}`)).toBe("own\nshared\n");
    expect(await inside("first", "cat /plain/file; ls /plain")).toMatch(/^(?:.*Permission denied\n){2}$/);
    expect(await inside("second", "cat /own/file; echo 1 > /own/x; ls /own")).toMatch(/^(?:.*Permission denied\n){3}$/);
    expect(await inside("second", "cat /vol/v /shared/x /shared/file")).toBe("v\n2\nshared\n");
    await remove("first");
    await remove("second");
  });

  test("what is the whole machine's is not relabelled", async () => {
    const before = fileLabel("/usr");
    expect(await refused({ HostConfig: { Binds: ["/usr:/x:z"] } })).toEqual([
      500,
      expect.stringContaining("setting label on mount source '/usr': SELinux relabeling of /usr is not allowed"),
    ]);
    expect(fileLabel("/usr")).toBe(before);
  });
});

test("no label leaves in an archive; a committed image runs with labels of its own", async () => {
  await inside("two", "mkdir /made && echo x > /made/file");
  const archive = await textOf("GET", "/containers/two/archive?path=/made");
  expect([archive.includes("made/file"), archive.includes("security.selinux")]).toEqual([true, false]);
  await textOf("POST", "/commit?container=two&repo=committed");
  expect(await said({ Image: "committed", Cmd: ["cat", "/made/file"] })).toBe("x\n");
  await textOf("PUT", "/containers/two/archive?path=/", writeTar([{ path: "in", content: "y\n" }]));
  expect(await inside("two", "cat /in")).toBe("y\n");
});

test("docker-compat: commands of builds have no labels, and what they make can be run with one", async () => {
  const Dockerfile = `FROM ${image}\nRUN cat /proc/self/attr/current > /label\n`;
  const context = writeTar([{ path: "Dockerfile", content: Dockerfile }]);
  expect(await textOf("POST", "/build?t=built", context)).toContain("Successfully tagged");
  expect(await said({ Image: "built", Cmd: ["cat", "/label"] })).toBe(ENGINE_LABEL);
});

test("berth-runtime gives what a bundle says", async () => {
  const bundle = join(scratch, "bundle");
  for (const name of ["bin", "proc", "t"]) mkdirSync(join(bundle, "rootfs", name), { recursive: true });
  cpSync("/usr/bin/busybox", join(bundle, "rootfs/bin/busybox"));
  const selinuxLabel = "system_u:system_r:container_t:s0:c1,c2";
  const mountLabel = "system_u:object_r:container_file_t:s0:c1,c2";
  const script = "read a < /proc/self/attr/current; echo x > /t/x && read b < /t/x; echo $a $b";
  const config = {
    ociVersion: "1.0.2",
    root: { path: "rootfs" },
    process: { args: ["/bin/busybox", "sh", "-c", script], cwd: "/", user: { uid: 0, gid: 0 }, selinuxLabel },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/t", type: "tmpfs", source: "tmpfs" },
    ],
    linux: { namespaces: [{ type: "mount" }, { type: "pid" }], mountLabel },
  };
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  setTreeLabel(join(bundle, "rootfs"), mountLabel);
  const run = ["--root", join(scratch, "state"), "run", "--bundle", bundle, "labelled"];
  expect(lines(await mustRun([...berthCommand(), ".runtime", ...run]))).toBe(`${selinuxLabel} x\n`);
});

test("labels last over the engine's end, and the container's; without the flag new ones have none", async () => {
  const { ProcessLabel, MountLabel, State } = await inspect("one");
  await engine?.daemon.kill();
  engine = await open();
  expect(await inspect("one")).toMatchObject({ ProcessLabel, MountLabel, State: { Pid: State.Pid } });
  expect(await inside("one", "cat /proc/self/attr/current")).toBe(ProcessLabel);
  await textOf("POST", "/containers/one/restart?t=0");
  const again = await inspect("one");
  expect(again.State.Pid).not.toBe(State.Pid);
  expect(labelOfProcess(again.State.Pid)).toBe(ProcessLabel);
  expect(await inside("one", "cat /root/a")).toBe("a\n");
  await hold("unlabelled");
  const plain = await inspect("unlabelled");
  expect([plain.ProcessLabel, plain.MountLabel, labelOfProcess(plain.State.Pid)]).toEqual(["", "", ENGINE_LABEL]);
});

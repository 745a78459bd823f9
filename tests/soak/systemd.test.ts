/**
 * The unit files under a real systemd: it is the first process of a privileged container, and starts an engine of its own
 * there. Part of `npm run soak`, as the machine's root takes a minute to make.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { command, eventually, mustRun } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment } from "../../tools/lab/engines.ts";
import { projectDir } from "../../tools/lab/paths.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { machineArchive } from "../../tools/lab/test-images.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let scratch = "";
let engine: BusyboxEngine;

beforeAll(async () => {
  scratch = makeScratch("systemd");
  engine = await BusyboxEngine.open({ bridge: "bsysd0", bip: "172.31.228.1/24" });
  await engine.ok("create", "--name", "seed", "busybox");
  await engine.ok("export", "-o", join(scratch, "busybox.tar"), "seed");
  const archive = await machineArchive();
  await mustRun([...berthCommand(), "import", archive, "machine"], { env: cliEnvironment(engine.host) });
  const shown = { [scratch]: "/seed", [join(projectDir, "dist/berth")]: "/usr/bin/berth" };
  const units = { [join(projectDir, "packaging/systemd")]: "/packaging" };
  const volumes = Object.entries({ ...shown, ...units }).flatMap(([from, to]) => ["-v", `${from}:${to}:ro`]);
  const place = ["--privileged", "--cgroupns", "private", "--tmpfs", "/run", "-v", "/var/lib/berth"];
  const systemd = ["machine", "/lib/systemd/systemd", "--log-target=console"];
  await engine.ok("run", "-d", "--name", "machine", "-e", "container=docker", ...place, ...volumes, ...systemd);
  await eventually("systemd is up", async () =>
    /running|degraded/.test((await inside("systemctl is-system-running")).stdout) ? true : undefined,
  );
  await ok("cp /packaging/berth.service /packaging/berth.socket /etc/systemd/system/");
  await ok("install -D /packaging/berth.sysusers /etc/sysusers.d/berth.conf");
  await ok("systemd-sysusers && systemctl daemon-reload");
}, 600_000);

afterAll(async () => {
  await engine.run("rm", "-f", "-v", "machine");
  await engine.close();
  removeScratch(scratch);
}, 180_000);

const enter = (line: string): string[] => [...berthCommand(), "exec", "machine", "sh", "-ec", line];
const inside = (line: string): ReturnType<typeof command> => command(enter(line), { env: cliEnvironment(engine.host) });
const ok = (line: string): Promise<string> => mustRun(enter(line), { env: cliEnvironment(engine.host) });
const unit = async (property: string): Promise<string> =>
  (await ok(`systemctl show -P ${property} berth.service`)).trim();
const held = (): Promise<string> => ok("berth inspect -f '{{.State.Pid}} {{.State.Status}}' held");
const restarts = (count: number): Promise<true> =>
  eventually(`restart ${count}`, async () =>
    (await unit("NRestarts")) === String(count) && (await unit("ActiveState")) === "active" ? true : undefined,
  );

test("the socket is systemd's; the first client starts the engine", async () => {
  await ok("systemctl enable --now berth.socket");
  expect([await unit("ActiveState"), await ok("stat -c '%a %G' /run/berth/berth.sock")]).toEqual([
    "inactive",
    "660 berth\n",
  ]);
  await ok("berth import /seed/busybox.tar busybox");
  expect([await unit("ActiveState"), await unit("StatusText")]).toEqual(["active", "Serving"]);
  expect(await ok("berth run --rm --network none busybox echo within")).toBe("within\n");
  await ok("berth run -d --name held --network none busybox sleep 1000");
});

test("reload, restart and kill -9 leave containers alone", async () => {
  const before = await held();
  expect(before).toEndWith(" running\n");
  const main = await unit("MainPID");
  await ok("systemctl reload berth");
  expect([await unit("ActiveState"), await unit("MainPID")]).toEqual(["active", main]);
  expect(await ok("journalctl -u berth --no-pager -o cat")).toContain("Reloaded configuration");
  await ok("systemctl kill --kill-whom=main --signal=KILL berth");
  await restarts(1);
  expect(await held()).toBe(before);
});

interface JournalEntry {
  readonly MESSAGE: string;
  readonly PRIORITY: string;
  readonly CONTAINER_TAG?: string;
  readonly SYSLOG_IDENTIFIER?: string;
  readonly CONTAINER_PARTIAL_MESSAGE?: string;
  readonly COLOUR?: string;
}

const journal = async (...matches: readonly string[]): Promise<readonly JournalEntry[]> =>
  (await ok(`journalctl --no-pager -o json --all ${matches.join(" ")}`))
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as JournalEntry);

test("journald has a container's lines with what is known of it, long ones in pieces", async () => {
  const long = "head -c 20000 /dev/zero | tr '\\0' x; echo";
  const options =
    "--log-driver journald --log-opt tag={{.Name}}/{{.ImageName}} --label colour=red --log-opt labels=colour";
  await ok(
    `berth run --name said --network none ${options} busybox sh -c "echo out; echo err >&2; sleep 0.5; ${long}"`,
  );
  const entries = await eventually("all of it", async () => {
    const found = await journal("CONTAINER_NAME=said");
    return found.length === 4 ? found : undefined;
  });
  expect(entries.map(({ MESSAGE }) => MESSAGE.length).toSorted((a, b) => a - b)).toEqual([3, 3, 20000 - 16384, 16384]);
  expect(Object.fromEntries(entries.slice(0, 2).map(({ MESSAGE, PRIORITY }) => [MESSAGE, PRIORITY]))).toEqual({
    out: "6",
    err: "3",
  });
  expect(entries.map((entry) => entry.CONTAINER_PARTIAL_MESSAGE)).toEqual([undefined, undefined, "true", undefined]);
  for (const { CONTAINER_TAG, SYSLOG_IDENTIFIER, COLOUR } of entries)
    expect([CONTAINER_TAG, SYSLOG_IDENTIFIER, COLOUR]).toEqual(["said/busybox", "said/busybox", "red"]);
  expect(await ok("berth logs --tail 1 said")).toBe(`${"x".repeat(20000)}\n`);
});

test("the watchdog is fed, and ends an engine that hangs", async () => {
  const before = await held();
  await ok("mkdir -p /etc/systemd/system/berth.service.d");
  await ok("printf '[Service]\\nWatchdogSec=2s\\n' > /etc/systemd/system/berth.service.d/short.conf");
  await ok("systemctl daemon-reload && systemctl kill --kill-whom=main --signal=KILL berth");
  await restarts(2);
  await Bun.sleep(6000);
  expect(await unit("NRestarts")).toBe("2");
  await ok("systemctl kill --kill-whom=main --signal=STOP berth");
  await restarts(3);
  expect(await held()).toBe(before);
});

test("stopping the unit leaves containers alone too; without live restore it stops them in order", async () => {
  const before = await held();
  const stop = async (): Promise<void> => {
    await ok("systemctl stop berth.socket berth.service");
    expect([await unit("ActiveState"), await unit("Result")]).toEqual(["inactive", "success"]);
  };
  const sleeps = async (): Promise<boolean> => (await inside("pgrep -x sleep")).stdout !== "";
  await stop();
  expect(await sleeps()).toBe(true);
  await ok("systemctl start berth.service");
  expect(await held()).toBe(before);
  await ok("mkdir -p /etc/berth && printf '{\"live-restore\": false}' > /etc/berth/daemon.json");
  await ok("systemctl reload berth");
  await stop();
  expect(await sleeps()).toBe(false);
});

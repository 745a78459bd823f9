/** The engine as a service: sockets handed over by systemd's protocol, what it tells, and settings read anew. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openTcpSocket, openUnixSocket, type ListeningSocket } from "#host/sockets/listening-socket.ts";
import { AF_UNIX, SOCK_DGRAM, SOCK_NONBLOCK } from "#host/kernel/linux.ts";
import { bind, close, receive, socket } from "#host/kernel/syscalls.ts";
import { unixAddress } from "#host/sockets/unix-address.ts";
import { background } from "../../tools/lab/background.ts";
import { command, eventually, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { freePort } from "../../tools/lab/debian-registry.ts";
import { answersPing, berthCommand, cliEnvironment, dockerCli } from "../../tools/lab/engines.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxLayer } from "../../tools/lab/test-images.ts";
import { startPlainDaemon, type StartedDaemon } from "./daemon-fixture.ts";

setDefaultTimeout(180_000);

let dir = "";
let engine: StartedDaemon | undefined;
const closers: (() => void)[] = [];
beforeEach(() => {
  dir = makeScratch("service");
});
afterEach(async () => {
  await engine?.process.stop();
  engine = undefined;
  for (const closer of closers.splice(0)) closer();
  removeScratch(dir);
});

const path = (name: string): string => join(dir, name);
/** As systemd starts a service with sockets: their number and names, and the pid that they are for. */
const activated = ["sh", "-c", 'export LISTEN_PID=$$; exec "$0" "$@"'];

async function held(socket: Promise<ListeningSocket>): Promise<number> {
  const opened = await socket;
  closers.push(() => opened.close());
  return opened.fd;
}

test("sockets of systemd: all of them, one by number, one by name; they stay when the engine goes", async () => {
  const port = await freePort();
  const fds = [
    await held(openUnixSocket({ path: path("berth.sock"), mode: 0o600 })),
    await held(openTcpSocket({ host: "127.0.0.1", port })),
    await held(openUnixSocket({ path: path("unused.sock"), mode: 0o600 })),
  ];
  const env = { LISTEN_FDS: "3", LISTEN_FDNAMES: "api:open:other" };
  engine = await startPlainDaemon({ dir, through: activated, fds, env, args: ["-H", "fd://3", "-H", "fd://open"] });
  const docker = await dockerCli();
  for (const host of [`unix://${path("berth.sock")}`, `tcp://127.0.0.1:${port}`]) {
    const result = await command([docker, "version", "-f", "{{.Server.Os}}"], { env: cliEnvironment(host) });
    expect(result).toEqual({ code: 0, stdout: "linux\n", stderr: "" });
  }
  const other = fetch("http://engine/_ping", { unix: path("unused.sock"), signal: AbortSignal.timeout(300) });
  await expect(other).rejects.toThrow("timed out");
  await engine.process.stop();
  expect(existsSync(path("berth.sock"))).toBe(true);
  const waiting = fetch("http://engine/_ping", { unix: path("berth.sock") });
  engine = await startPlainDaemon({ dir, through: activated, fds, env, args: ["-H", "fd://"] });
  expect((await waiting).status).toBe(200);
});

test("fd:// without sockets, with the wrong number, and for another pid is refused", async () => {
  const refused = async (options: Partial<Parameters<typeof startPlainDaemon>[0]>): Promise<string> => {
    const started = startPlainDaemon({ dir, args: ["-H", "fd://"], ...options, ready: async () => false });
    return started.then(
      () => "started",
      (error: unknown) => String(error),
    );
  };
  const none = "no sockets found via socket activation: make sure the service was started by systemd";
  expect(await refused({})).toContain(none);
  expect(await refused({ env: { LISTEN_FDS: "1", LISTEN_PID: "1" } })).toContain(none);
  const fds = [await held(openUnixSocket({ path: path("berth.sock"), mode: 0o600 }))];
  const env = { LISTEN_FDS: "1" };
  expect(await refused({ through: activated, fds, env, args: ["-H", "fd://7"] })).toContain(
    "no such inherited socket: 7",
  );
});

test("tells systemd when it serves, reads settings anew and stops, and feeds the watchdog", async () => {
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  closers.push(() => close(fd));
  bind(fd, unixAddress(path("notify")));
  const heard: string[] = [];
  const hear = (): void => {
    for (;;) {
      const buffer = new Uint8Array(4096);
      const length = receive(fd, buffer);
      if (length === undefined) return;
      heard.push(Buffer.from(buffer.subarray(0, length)).toString());
    }
  };
  const until = (what: RegExp): Promise<true> =>
    eventually(`notice ${what}`, async () => {
      hear();
      return heard.some((message) => what.test(message)) ? true : undefined;
    });
  engine = await startPlainDaemon({
    dir,
    env: { NOTIFY_SOCKET: path("notify"), WATCHDOG_USEC: "200000" },
    args: ["-H", `unix://${path("berth.sock")}`],
  });
  await until(/^READY=1\nSTATUS=/);
  await until(/^WATCHDOG=1$/);
  heard.length = 0;
  process.kill(engine.pid(), "SIGHUP");
  await until(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
  await until(/^READY=1$/);
  await engine.process.stop();
  await until(/^STOPPING=1/);
});

test("SIGHUP: what can change does, with an event; a wrong file changes nothing", async () => {
  const file = path("daemon.json");
  const write = (settings: object | string): void =>
    writeFileSync(file, typeof settings === "string" ? settings : JSON.stringify(settings));
  write({ labels: ["a=b"], debug: false });
  const host = `unix://${path("berth.sock")}`;
  engine = await startPlainDaemon({ dir, args: ["--config-file", file, "-H", host] });
  const docker = await dockerCli();
  const info = async (): Promise<string> => {
    const format = "{{.Labels}} {{.Debug}} {{.LiveRestoreEnabled}} {{.RegistryConfig.Mirrors}}";
    return (await command([docker, "info", "-f", format], { env: cliEnvironment(host) })).stdout;
  };
  expect(await info()).toContain("[a=b] false true []");
  const events = background(
    [docker, "events", "--format", "{{.Type}} {{.Action}} {{json .Actor.Attributes}}"],
    cliEnvironment(host),
  );
  await eventually("a listener", async () => {
    const listeners = await command([docker, "info", "-f", "{{.NEventsListener}}"], { env: cliEnvironment(host) });
    return listeners.stdout === "1\n" ? true : undefined;
  });
  write({
    labels: ["a=c"],
    debug: true,
    "live-restore": false,
    "registry-mirrors": ["https://mirror.example"],
    mtu: 1400,
  });
  process.kill(engine.pid(), "SIGHUP");
  await events.waitFor(/daemon reload .*\n/);
  const attributes = JSON.parse(events.output().replace("daemon reload ", "")) as Record<string, string>;
  expect(attributes).toMatchObject({
    labels: '["a=c"]',
    debug: "true",
    "live-restore": "false",
    "registry-mirrors": '["https://mirror.example/"]',
    "shutdown-timeout": "15",
  });
  const changed = await info();
  expect(changed).toContain("[a=c] true false [https://mirror.example/]");
  expect(engine.log()).toContain('msg="these settings wait for a restart of the engine" settings=network');
  write('{"labels": ["broken"]}');
  process.kill(engine.pid(), "SIGHUP");
  await eventually("the refusal", async () =>
    engine?.log().includes('msg="Error reloading configuration" error="bad attribute format: broken"') === true
      ? true
      : undefined,
  );
  expect(await info()).toBe(changed);
  events.signal("SIGTERM");
  await events.end();
});

test("containers go on while an engine is stopped in order, unless live restore is turned off", async () => {
  const host = `unix://${path("berth.sock")}`;
  const docker = await dockerCli();
  const ok = (...args: readonly string[]): Promise<string> => mustRun([docker, ...args], { env: cliEnvironment(host) });
  const start = async (...args: readonly string[]): Promise<void> => {
    engine = await startPlainDaemon({ dir, args: ["-H", host, ...args] });
  };
  const pid = (): Promise<string> => ok("inspect", "-f", "{{.State.Status}} {{.State.Pid}}", "box");
  await start();
  writeFileSync(path("busybox.tar"), await busyboxLayer());
  await ok("import", path("busybox.tar"), "busybox");
  await ok("run", "-d", "--name", "box", "--network", "none", "--stop-signal", "KILL", "busybox", "sleep", "600");
  const before = await pid();
  await engine?.process.stop();
  await start("--live-restore=false");
  expect(await pid()).toBe(before);
  await engine?.process.stop();
  await start();
  expect(await ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "box")).toBe("exited 137\n");
  await ok("rm", "box");
});

test("--validate judges flags and file, and starts nothing", async () => {
  const validate = (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    command([...berthCommand(), "daemon", "--validate", ...args]);
  writeFileSync(path("good.json"), '{"debug": true}');
  writeFileSync(path("bad.json"), '{"no-such": true}');
  expect(await validate("--config-file", path("good.json"))).toEqual({
    code: 0,
    stdout: "configuration OK\n",
    stderr: "",
  });
  const bad = await validate("--config-file", path("bad.json"));
  expect(bad.code).toBe(1);
  expect(bad.stderr).toContain(
    `unable to configure the Docker daemon with file ${path("bad.json")}: the following directives don't match any configuration option: no-such`,
  );
  expect((await validate("--tlsverify", "--tlscert", "/no/such")).stderr).toContain("Could not load X509 key pair");
  expect((await validate("--seccomp-profile", "/no/such")).stderr).toContain(
    "opening seccomp profile (/no/such) failed",
  );
  expect(existsSync("/run/berth")).toBe(false);
});

test("the socket belongs to the group that is named, by name or number", async () => {
  engine = await startPlainDaemon({ dir, args: ["-G", "4321", "-H", `unix://${path("berth.sock")}`] });
  const shown = await command(["stat", "-c", "%a %u %g", path("berth.sock")]);
  expect(shown.stdout).toBe("660 0 4321\n");
  await engine.process.stop();
  expect(existsSync(path("berth.sock"))).toBe(false);
  const started = startPlainDaemon({ dir, args: ["-G", "no-such-group", "-H", `unix://${path("berth.sock")}`] });
  await expect(started).rejects.toThrow("group no-such-group not found");
});

test("several addresses at once, and none of them when one cannot be had", async () => {
  const port = await freePort();
  const hosts = [
    "-H",
    `unix://${path("berth.sock")}`,
    "-H",
    `unix://${path("second.sock")}`,
    "-H",
    `tcp://127.0.0.1:${port}`,
  ];
  await expect(startPlainDaemon({ dir, args: hosts })).rejects.toThrow("refusing to listen on tcp://");
  expect(existsSync(path("berth.sock"))).toBe(false);
  engine = await startPlainDaemon({ dir, args: [...hosts, "--tls=false"] });
  expect(await answersPing(path("second.sock"))).toBe(true);
  expect((await fetch(`http://127.0.0.1:${port}/_ping`)).status).toBe(200);
  const info = (await (await fetch(`http://127.0.0.1:${port}/info`)).json()) as { Warnings: string[] };
  expect(info.Warnings.join("\n")).toContain(
    `WARNING: API is accessible on http://127.0.0.1:${port} without encryption.`,
  );
  expect(engine.log()).toContain("gives root access on this machine to everyone who has access to your network");
});

test("ssh:// runs ssh, and the other side's dial-stdio carries requests and streams", async () => {
  const host = `unix://${path("berth.sock")}`;
  engine = await startPlainDaemon({ dir, args: ["-H", host] });
  // An ssh that writes down how it was called and runs the command here, as the other machine's shell would.
  const ssh = `#!/bin/sh\nprintf '%s\\n' "$*" > ${path("called")}\nfor last; do :; done\nexec sh -c "$last"\n`;
  mkdirSync(path("bin"));
  writeFileSync(path("bin/ssh"), ssh, { mode: 0o755 });
  writeFileSync(path("bin/berth"), `#!/bin/sh\nexec ${berthCommand().join(" ")} "$@"\n`, { mode: 0o755 });
  const env = { ...cliEnvironment(host), PATH: `${path("bin")}:${process.env["PATH"]}` };
  const over = (address: string, ...args: readonly string[]): Promise<CommandResult> =>
    command([...berthCommand(), "-H", address, ...args], { env, timeoutMs: 120_000 });
  const version = await over(`ssh://me@machine:2222${path("berth.sock")}`, "version", "-f", "{{.Server.Os}}");
  expect(version).toEqual({ code: 0, stdout: "linux\n", stderr: "" });
  expect(readFileSync(path("called"), "utf8")).toMatch(/^-o ConnectTimeout=30 -T -l me -p 2222 -- machine exec /);
  const events = await over("ssh://machine", "events", "--since", "0", "--until", "1");
  expect(events).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await over("ssh://-oProxyCommand=x", "version")).stderr).toContain("ssh host connection is not valid");
});

test("--metrics-addr serves Prometheus' page", async () => {
  const port = await freePort();
  const args = ["-H", `unix://${path("berth.sock")}`, "--metrics-addr", `127.0.0.1:${port}`];
  engine = await startPlainDaemon({ dir, args });
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/plain")]);
  expect(await answer.text()).toMatch(/^# HELP /m);
});

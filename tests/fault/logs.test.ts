/**
 * Output while things fail: the engine is killed, a receiver is away. Nothing that was written is lost, and
 * nobody waits who was not asked to.
 */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createSocket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { eventually } from "../../tools/lab/command.ts";
import { freePort } from "../../tools/lab/debian-registry.ts";
import { BusyboxEngine } from "./busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;
beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "blogs0", bip: "172.31.247.1/24" });
});
afterEach(() => engine.removeAll());
afterAll(() => engine.close());

/** A syslog daemon on TCP, as much as a test needs: the lines that came. */
class LineServer {
  readonly lines: string[] = [];
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  port = 0;

  async listen(): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      let rest = "";
      socket.on("error", () => undefined);
      socket.on("data", (chunk) => {
        const parts = `${rest}${chunk.toString()}`.split("\n");
        rest = parts.pop() ?? "";
        this.lines.push(...parts.map((line) => line.slice(line.indexOf("]: ") + 3)));
      });
    });
    if (this.port === 0) this.port = await freePort();
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.#server = server;
  }

  async leave(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** The numbers that came, each once. */
  numbers(): readonly number[] {
    return [...new Set(this.lines.filter((line) => /^\d+$/.test(line)).map(Number))];
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const slowly = (count: number): string => `for i in $(seq 1 ${count}); do echo $i; usleep 1000; done`;

describe("an engine that is killed", () => {
  test("loses no line of a container that goes on writing", async () => {
    for (const driver of ["local", "json-file"]) {
      await engine.ok("run", "-d", "--name", "writer", "--log-driver", driver, "busybox", "sh", "-c", slowly(3000));
      for (let kill = 0; kill < 2; kill += 1) {
        await Bun.sleep(300);
        await engine.kill();
        await Bun.sleep(300);
        await engine.start();
      }
      await engine.ok("wait", "writer");
      expect((await engine.ok("logs", "writer")).trimEnd().split("\n").map(Number)).toEqual(upTo(3000));
      await engine.ok("rm", "writer");
    }
  });

  test("sends every line in the end, of containers that ended meanwhile too", async () => {
    const server = new LineServer();
    await server.listen();
    const address = `syslog-address=tcp://127.0.0.1:${server.port}`;
    await engine.ok(
      ...["run", "-d", "--name", "writer", "--log-driver", "syslog", "--log-opt", address],
      ...["busybox", "sh", "-c", slowly(3000)],
    );
    await eventually("the first lines", async () => server.lines.length > 0 || undefined);
    const pid = (await engine.ok("inspect", "-f", "{{.State.Pid}}", "writer")).trim();
    await engine.kill();
    await eventually("its end", () => (existsSync(`/proc/${pid}`) ? undefined : true));
    await engine.start();
    await eventually("all lines", async () => server.numbers().length === 3000 || undefined);
    expect(server.numbers()).toEqual(upTo(3000));
    expect((await engine.ok("logs", "--tail", "1", "writer")).trim()).toBe("3000");
    await server.leave();
  });
});

describe("a receiver that is away", () => {
  test("gets what was written meanwhile, and nobody waits for it", async () => {
    const server = new LineServer();
    await server.listen();
    const address = `syslog-address=tcp://127.0.0.1:${server.port}`;
    await engine.ok(
      ...["run", "-d", "--name", "writer", "--log-driver", "syslog", "--log-opt", address],
      ...["busybox", "sh", "-c", "echo 1; until [ -e /go ]; do sleep 0.1; done; seq 2 20000"],
    );
    await eventually("the first line", async () => server.lines.length > 0 || undefined);
    await server.leave();
    await engine.ok("exec", "writer", "touch", "/go");
    await engine.ok("wait", "writer");
    expect((await engine.ok("logs", "--tail", "1", "writer")).trim()).toBe("20000");
    await server.listen();
    await eventually("all lines", async () => server.numbers().length === 20_000 || undefined);
    await server.leave();
  });

  test("holds up a container only with mode=blocking", async () => {
    const server = new LineServer();
    await server.listen();
    const options = [`syslog-address=tcp://127.0.0.1:${server.port}`, "mode=blocking"];
    options.push("cache-max-size=100k", "cache-max-file=2", "cache-compress=false");
    await engine.ok(
      ...["run", "-d", "--name", "writer", "--log-driver", "syslog"],
      ...options.flatMap((option) => ["--log-opt", option]),
      ...["busybox", "sh", "-c", "echo 1; until [ -e /go ]; do sleep 0.1; done; seq 2 50000"],
    );
    await eventually("the first line", async () => server.lines.length > 0 || undefined);
    await server.leave();
    await engine.ok("exec", "writer", "touch", "/go");
    await Bun.sleep(3000);
    expect((await engine.ok("inspect", "-f", "{{.State.Running}}", "writer")).trim()).toBe("true");
    await server.listen();
    await engine.ok("wait", "writer");
    await eventually("all lines", async () => server.numbers().length === 50_000 || undefined);
    await server.leave();
  });

  test("fails the first start in Docker's words", async () => {
    const refused = await engine.run(
      ...["run", "--rm", "--log-driver", "syslog", "--log-opt", "syslog-address=tcp://127.0.0.1:1", "busybox", "true"],
    );
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain(
      "failed to initialize logging driver: dial tcp 127.0.0.1:1: connect: connection refused",
    );
  });
});

test("GELF by UDP arrives with what is known of the container", async () => {
  const receiver = createSocket("udp4");
  const got: Buffer[] = [];
  receiver.on("message", (message) => got.push(message));
  await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
  await engine.ok(
    ...["run", "--rm", "--name", "writer", "--log-driver", "gelf"],
    ...["--log-opt", `gelf-address=udp://127.0.0.1:${receiver.address().port}`],
    ...["--log-opt", "gelf-compression-type=none", "--label", "l=z", "--log-opt", "labels=l", "busybox", "echo", "hi"],
  );
  await eventually("the message", async () => got.length > 0 || undefined);
  const message = JSON.parse(got[0]?.toString() ?? "") as Record<string, unknown>;
  expect(message).toMatchObject({ version: "1.1", short_message: "hi", level: 6, _container_name: "writer", _l: "z" });
  receiver.close();
});

test("a shim that is killed leaves a log that is read to its last whole line", async () => {
  for (const driver of ["local", "json-file"]) {
    await engine.ok(
      "run",
      "-d",
      "--name",
      "writer",
      "--log-driver",
      driver,
      "busybox",
      "sh",
      "-c",
      "seq 1 5000; sleep 60",
    );
    await eventually(
      "lines",
      async () => (await engine.ok("logs", "--tail", "1", "writer")).trim() === "5000" || undefined,
    );
    const pid = Number(await engine.ok("inspect", "-f", "{{.State.Pid}}", "writer"));
    const monitor = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    process.kill(monitor, "SIGKILL");
    await engine.ok("wait", "writer");
    expect((await engine.ok("logs", "writer")).trimEnd().split("\n").map(Number)).toEqual(upTo(5000));
    await engine.ok("start", "writer");
    await eventually(
      "more",
      async () => (await engine.ok("logs", "writer")).split("\n").length === 10_001 || undefined,
    );
    await engine.ok("rm", "-f", "writer");
  }
});

test("writing a quarter of a gibibyte does not fill anybody's memory", async () => {
  const id = (
    await engine.ok(
      "run",
      "-d",
      "--name",
      "writer",
      "busybox",
      "sh",
      "-c",
      `yes ${"x".repeat(999)} | head -c 268435456`,
    )
  ).trim();
  const pid = Number(await engine.ok("inspect", "-f", "{{.State.Pid}}", "writer"));
  const monitor = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  let largest = 0;
  const watching = setInterval(() => {
    try {
      const kib = Number(
        /^Private_Dirty:\s+(\d+)/m.exec(readFileSync(`/proc/${monitor}/smaps_rollup`, "utf8"))?.[1] ?? 0,
      );
      largest = Math.max(largest, kib);
    } catch {
      // It has ended.
    }
  }, 50);
  await engine.ok("wait", id);
  clearInterval(watching);
  expect(largest).toBeGreaterThan(0);
  expect(largest).toBeLessThan(1024);
  expect((await engine.ok("logs", "--tail", "1", "writer")).length).toBeGreaterThan(1);
});

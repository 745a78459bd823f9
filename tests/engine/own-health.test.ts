/** What Berth does beyond Docker: probes of its own, acts on the unhealthy, dependencies, and `why`. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { ContainerHealth } from "#spec/docker/container.ts";
import { eventually } from "../../tools/lab/command.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { makeCertificates } from "./daemon-fixture.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bown0", bip: "172.31.244.1/24" });
}, 180_000);
afterAll(() => engine.close());
afterEach(() => engine.removeAll());

const healthOf = async (name: string): Promise<ContainerHealth> =>
  JSON.parse(await engine.ok("inspect", "-f", "{{json .State.Health}}", name)) as ContainerHealth;
const becomes = (name: string, status: string): Promise<ContainerHealth> =>
  eventually(`${name} is ${status}`, async () => {
    const health = await healthOf(name);
    return health.Status === status ? health : undefined;
  });
const stateOf = async (name: string): Promise<string> =>
  (await engine.ok("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", name)).trim();
const often = ["--health-interval", "100ms", "--health-retries", "2"];
const server = "echo page > /index.html; trap 'exit 9' TERM; httpd -f -p 127.0.0.1:8080 -h / & wait";

describe("probes by the engine, within the container's network", () => {
  for (const network of ["bridge", "none"]) {
    test(`HTTP in the network ${network}: 200 is well, 404 is not`, async () => {
      const flags = ["--network", network, "--health-http", "http://:8080/index.html", ...often];
      await engine.ok("run", "-d", "--name", "web", ...flags, "busybox", "sh", "-c", server);
      const well = await becomes("web", "healthy");
      expect(well.Log.at(-1)).toMatchObject({
        ExitCode: 0,
        Output: expect.stringMatching(/^HTTP\/1\.\d 200 OK\npage\n$/),
      });
      await engine.ok("exec", "web", "rm", "/index.html");
      const sick = await becomes("web", "unhealthy");
      expect(sick.Log.at(-1)).toMatchObject({ ExitCode: 1, Output: expect.stringMatching(/^HTTP\/1\.\d 404 /) });
    });
  }

  test("HTTPS, whoever signed the certificate; a server without TLS is not well", async () => {
    const dir = makeScratch("own-https");
    await makeCertificates(dir);
    const file = (name: string): Bun.BunFile => Bun.file(join(dir, name));
    const tls = { cert: file("server-cert.pem"), key: file("server-key.pem") };
    const answer = (): Response => new Response("secret page\n");
    const servers = [Bun.serve({ port: 0, tls, fetch: answer }), Bun.serve({ port: 0, fetch: answer })];
    try {
      for (const [index, { port }] of servers.entries()) {
        const flags = ["--network", "host", "--health-http", `https://:${port}/x`, ...often];
        await engine.ok("run", "-d", "--name", `web${index}`, ...flags, "busybox", "sleep", "60");
      }
      const well = await becomes("web0", "healthy");
      expect(well.Log.at(-1)).toMatchObject({ ExitCode: 0, Output: "HTTP/1.1 200 OK\nsecret page\n" });
      const sick = await becomes("web1", "unhealthy");
      expect(sick.Log.at(-1)).toMatchObject({ ExitCode: 1, Output: expect.stringMatching(/^TLS: /) });
    } finally {
      for (const each of servers) await each.stop(true);
      removeScratch(dir);
    }
  });

  test("TCP: refused, then connected", async () => {
    const line = "until [ -e /go ]; do sleep 0.1; done; while :; do nc -l -p 5432; done";
    await engine.ok("run", "-d", "--name", "db", "--health-tcp", ":5432", ...often, "busybox", "sh", "-c", line);
    const refused = await becomes("db", "unhealthy");
    expect(refused.Log.at(-1)).toMatchObject({ ExitCode: 1, Output: "connect 127.0.0.1:5432: connection refused" });
    await engine.ok("exec", "db", "touch", "/go");
    // Its server begins anew after each connection, so the last probe may have met none.
    const well = await becomes("db", "healthy");
    expect(well.Log).toContainEqual(expect.objectContaining({ ExitCode: 0, Output: "connected" }));
  });

  test("a server that does not answer in time", async () => {
    const flags = ["--health-http", "http://127.0.0.1:81/", "--health-timeout", "200ms", ...often];
    const line = "while :; do sleep 100 | nc -l -p 81; done";
    await engine.ok("run", "-d", "--name", "mute", ...flags, "busybox", "sh", "-c", line);
    await eventually("too late", async () =>
      (await healthOf("mute")).Log.some(
        ({ ExitCode, Output }) => ExitCode === -1 && Output === "Health check exceeded timeout (200ms)",
      )
        ? true
        : undefined,
    );
  });

  test("by label, as any client can send it; what cannot be is refused", async () => {
    expect((await engine.run("create", "-l", "berth.health=tcps://:1", "busybox")).stderr).toContain(
      "https://… or tcp",
    );
    const labels = ["-l", "berth.health=http://:8080/index.html", "--health-interval", "100ms"];
    await engine.ok("run", "-d", "--name", "labelled", ...labels, "busybox", "sh", "-c", server);
    await becomes("labelled", "healthy");
    const refused = await engine.run("create", "--health-http", "ftp://:1/", "busybox");
    expect(refused.stderr).toContain("invalid HTTP health check");
    const both = await engine.run("create", "--health-tcp", ":1", "--health-cmd", "true", "busybox");
    expect(both.stderr).toContain("exclude each other");
  });
});

describe("acts on the unhealthy", () => {
  test("restart, until it is well again", async () => {
    // What is not well yet is not restarted, however long the server takes.
    const flags = ["--on-unhealthy", "restart", "--health-start-period", "1h"];
    flags.push("--health-http", "http://:8080/index.html", ...often);
    await engine.ok("run", "-d", "--name", "web", ...flags, "busybox", "sh", "-c", server);
    await becomes("web", "healthy");
    await engine.ok("exec", "web", "rm", "/index.html");
    await eventually("started again", async () => ((await stateOf("web")) === "running 1" ? true : undefined));
    await becomes("web", "healthy");
    const why = await engine.ok("why", "web");
    expect(why).toMatch(
      /Why +it exited with code 9, [\d.]+m?s after SIGTERM: it was unhealthy and is to be restarted then/,
    );
    expect(why).toContain("404 Not Found");
  });

  test("stop, whatever the policy", async () => {
    const flags = ["--restart", "always", "--on-unhealthy", "stop", "--health-cmd", "false", "--stop-timeout", "0"];
    await engine.ok("run", "-d", "--name", "sick", ...flags, ...often, "busybox", "sleep", "1000");
    await eventually("stopped", async () => ((await stateOf("sick")) === "exited 0" ? true : undefined));
    await Bun.sleep(500);
    expect(await stateOf("sick")).toBe("exited 0");
  });
});

test("a start waits for what it depends on", async () => {
  const db = ["--health-cmd", "test -e /ready", ...often, "busybox", "sh", "-c", "sleep 1; touch /ready; sleep 1000"];
  await engine.ok("create", "--name", "db", ...db);
  await engine.ok("create", "--name", "web", "--depends-on", "db:healthy", "busybox", "sleep", "1000");
  const started = engine.ok("start", "web");
  await engine.ok("start", "db");
  await started;
  expect((await healthOf("db")).Status).toBe("healthy");
  expect(await stateOf("web")).toBe("running 0");
  const flags = ["--depends-on", "web:completed", "--depends-on-timeout", "300ms"];
  const late = await engine.run("run", "--name", "late", ...flags, "busybox", "true");
  expect(late.code).toBe(125);
  expect(late.stderr).toContain(
    "cannot start container late: it depends on web, which is not completed after 300ms: it is running",
  );
  expect(await engine.ok("why", "late")).toContain("Why        it could not be started: cannot start container late");
});

describe("why", () => {
  const why = (name: string): Promise<string> => engine.ok("why", name);

  test("out of memory: the process, its size and the limit", async () => {
    await engine.run("run", "--name", "greedy", "-m", "16m", "busybox", "sh", "-c", "exec tail -c 100m /dev/zero");
    expect(await why("greedy")).toMatch(
      /Why +it was ended by SIGKILL: its 16MiB of memory ran out and the kernel killed ("tail" \(pid \d+, [\d.]+MiB resident\)|a process)\n/,
    );
    expect(await why("greedy")).toMatch(/Memory +limit 16MiB, at most 16MiB used/);
  });

  test("signals and codes", async () => {
    await engine.run("run", "--name", "fault", "busybox", "sh", "-c", "sh -c 'kill -SEGV $$'; exit $?");
    expect(await why("fault")).toContain("it exited with code 139 (as shells report the end of a command by SIGSEGV)");
    await engine.ok("run", "-d", "--name", "outside", "busybox", "sleep", "1000");
    process.kill(Number(await engine.ok("inspect", "-f", "{{.State.Pid}}", "outside")), "SIGKILL");
    await engine.ok("wait", "outside");
    expect(await why("outside")).toContain("SIGKILL, which neither this engine nor the kernel's memory limit sent");
    await engine.ok("run", "-d", "--name", "stopped", "busybox", "sleep", "1000");
    await engine.ok("stop", "-t", "0", "stopped");
    expect(await why("stopped")).toMatch(/Why +it was ended by SIGKILL, [\d.]+m?s after SIGKILL: a person stopped it/);
  });

  test("after it was removed, by name, id and the beginning of it; as JSON; unknown ones", async () => {
    const id = (await engine.ok("create", "--name", "gone", "busybox", "sh", "-c", "echo last; exit 3")).trim();
    await engine.run("start", "-a", "gone");
    await engine.run("start", "-a", "gone");
    await engine.ok("rm", "gone");
    for (const reference of ["gone", id, id.slice(0, 10)]) {
      const text = await why(reference);
      expect(text).toStartWith(`gone (${id.slice(0, 12)}) has been removed\n`);
      expect(text).toMatch(/Before that:\n {2}\S+ {2}it exited with code 3\n/);
    }
    const answer = JSON.parse(await engine.ok("why", "--format", "json", "gone")) as {
      Exits: { LastOutput: string[] }[];
    };
    expect(answer.Exits[0]?.LastOutput.length).toBe(2);
    expect((await engine.run("why", "unheard-of")).stderr).toContain("No such container: unheard-of");
    expect((await engine.api("GET", "/berth/containers/unheard-of/why")).status).toBe(404);
  });

  test("a start that failed", async () => {
    await engine.run("run", "--name", "nope", "busybox", "nope");
    expect(await why("nope")).toMatch(/Why +it could not be started: .*executable file not found in \$PATH/);
  });
});

/** `berth why` of ports and of pulls that failed. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { freePort } from "../../tools/lab/debian-registry.ts";
import { buildImage } from "../../tools/lab/image-writer.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import { startFaultyRegistry, type FaultyRegistry } from "../root/image-registry.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;
let registry: FaultyRegistry;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bwhy0", bip: "172.31.225.1/24" });
  registry = await startFaultyRegistry();
}, 180_000);
afterAll(async () => {
  await engine.close();
  await registry.close();
});
afterEach(() => engine.removeAll());

const why = (...args: readonly string[]): Promise<string> => engine.ok("why", ...args);

describe("ports", () => {
  test("a container that publishes it, by name; the failing start says what to ask", async () => {
    const port = await freePort();
    await engine.ok("run", "-d", "--name", "web", "-p", `${port}:80`, "busybox", "sleep", "1000");
    const second = await engine.run("run", "--name", "other", "-p", `${port}:81`, "busybox", "true");
    expect(second.code).toBe(125);
    expect(second.stderr).toContain("port is already allocated");
    expect(second.stderr).toEndWith(`\n\nRun 'berth why ${port}' to see who has the port\n`);
    expect((await engine.run("start", "other")).stderr).toContain(`Run 'berth why ${port}' to see who has the port\n`);
    expect(await why(String(port))).toMatch(
      new RegExp(
        `^Port ${port} is taken by the container web \\([0-9a-f]{12}\\) for its port 80, at all IPv4 addresses \\(tcp\\)`,
      ),
    );
    const answer = JSON.parse(await why("--format", "json", `${port}/tcp`)) as { Holders: object[] };
    expect(answer.Holders[0]).toMatchObject({ Protocol: "tcp", Container: { Name: "web", Port: 80 } });
  });

  test("a process of the machine, with its pid, name and command", async () => {
    const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    try {
      const { port } = server;
      const failed = await engine.run("run", "-p", `127.0.0.1:${port}:80`, "busybox", "true");
      expect(failed.stderr).toContain("address already in use");
      expect(failed.stderr).toContain(`Run 'berth why ${port}'`);
      expect(await why(`:${port}`)).toMatch(
        new RegExp(
          `^Port ${port} is taken by the process \\S+ \\(pid ${process.pid}: .*\\), at 127\\.0\\.0\\.1 \\(tcp\\)\n$`,
        ),
      );
    } finally {
      server.stop(true);
    }
  });

  test("a container in the host's network; nobody; no port", async () => {
    const port = await freePort();
    const line = `httpd -f -p 127.0.0.1:${port} -h /`;
    await engine.ok("run", "-d", "--name", "listener", "--network", "host", "busybox", "sh", "-c", line);
    let text = "";
    for (let tries = 0; tries < 200 && !text.includes("listener"); tries += 1) text = await why(String(port));
    expect(text).toMatch(/the container listener \([0-9a-f]{12}\) in the host's network, by httpd \(pid \d+: httpd -f/);
    await engine.ok("rm", "-f", "listener");
    expect(await why(String(port))).toBe(`Nobody listens at port ${port} of the engine's machine.\n`);
    expect((await engine.run("why", "70000")).stderr).toContain("invalid port: 70000");
    // A container may have such a name.
    expect((await engine.run("container", "why", "80")).stderr).toContain("No such container: 80");
  });
});

describe("pulls that failed", () => {
  const name = (repository: string): string => `${registry.address}/${repository}:1`;

  const failing = async (repository: string): Promise<{ readonly stderr: string; readonly text: string }> => {
    const { code, stderr } = await engine.run("pull", name(repository));
    expect(code).toBe(1);
    return { stderr, text: await why(name(repository)) };
  };

  test.each([
    ["absent", 404, "MANIFEST_UNKNOWN", "has no absent:1", "Is the tag right?"],
    ["secret", 401, "UNAUTHORIZED", "wants to know who asks", "Log in: berth login 127.0.0.1:"],
    ["closed", 403, "DENIED", "does not give closed to who asked", "Log in as who may read it"],
  ])("%s: %d", async (repository, status, code, reason, advice) => {
    registry.intercept = (request, response) => {
      if (!(request.url ?? "").includes("/manifests/")) return false;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replace("_", " ") }] }));
      return true;
    };
    const { stderr, text } = await failing(repository);
    expect(stderr).toEndWith(`\nRun 'berth why ${name(repository)}' for the reason and what to do\n`);
    expect(text).toStartWith(`The pull of ${name(repository)} failed, `);
    expect(text).toMatch(new RegExp(`\n  Why        .*${reason}.*\n  What to do .*${advice.replace("?", "\\?")}`));
    expect(text).toContain("\n  It said    ");
  });

  test("nobody answers, no such name, damaged content; forgotten when it is pulled", async () => {
    const port = await freePort();
    await engine.run("pull", `127.0.0.1:${port}/x`);
    expect(await why(`127.0.0.1:${port}/x`)).toContain("nobody answers at 127.0.0.1:");
    await engine.run("pull", "no-such-registry.invalid/x:2");
    expect(await why("no-such-registry.invalid/x:2")).toContain(
      "the engine's machine could not find the address of no-such-registry.invalid",
    );
    const image = buildImage({ layers: [writeTar([{ path: "file", content: "content\n" }])] });
    registry.intercept = () => false;
    registry.add("damaged", "1", image);
    for (const [digest, bytes] of image.blobs)
      registry.addBlob(
        digest,
        bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
      );
    const { text } = await failing("damaged");
    expect(text).toContain("is not what its digests promise");
    await engine.run("pull", name("damaged"));
    const answer = JSON.parse(await why("--format", "json", name("damaged"))) as { Failures: { Cause: string }[] };
    expect(answer.Failures.map(({ Cause }) => Cause)).toEqual(["damaged", "damaged"]);
    for (const [digest, bytes] of image.blobs) registry.addBlob(digest, bytes);
    await engine.ok("pull", "-q", name("damaged"));
    expect((await engine.run("why", name("damaged"))).stderr).toContain("no pull of an image of that name has failed");
  });

  test("an engine that is killed keeps them; run names the next step too", async () => {
    registry.intercept = () => false;
    const { code, stderr } = await engine.run("run", "--rm", name("nowhere"), "true");
    expect(code).toBe(125);
    expect(stderr).toEndWith(`\n\nRun 'berth why ${name("nowhere")}' for the reason and what to do\n`);
    await engine.kill();
    await engine.start();
    expect(await why(name("nowhere"))).toContain("has no nowhere:1");
  });
});

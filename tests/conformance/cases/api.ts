import { expect, test } from "bun:test";
import type { Target } from "../target.ts";

/** The API itself: versions, bad requests, information. */
export function apiCases(target: () => Target): void {
  /** The message of an error; the reference engine answers some in plain text. */
  const message = (text: string): string =>
    text.startsWith("{") ? (JSON.parse(text) as { message: string }).message : text.trim();

  test("/_ping tells the versions", async () => {
    const response = await fetch("http://engine/_ping", { unix: target().engine.socket });
    expect(await response.text()).toBe("OK");
    expect(response.headers.get("api-version")).toMatch(/^1\.\d+$/);
    expect(response.headers.get("ostype")).toBe("linux");
    const head = await fetch("http://engine/_ping", { unix: target().engine.socket, method: "HEAD" });
    expect(head.status).toBe(200);
  });

  test("unknown paths and versions are refused", async () => {
    expect(await target().api("GET", "/no/such/path")).toEqual({ status: 404, text: '{"message":"page not found"}\n' });
    const old = await fetch("http://engine/v1.1/info", { unix: target().engine.socket });
    expect(old.status).toBe(400);
    expect(message(await old.text())).toMatch(
      /client version 1\.1 is too old\. Minimum supported API version is 1\.\d+/,
    );
    const young = await fetch("http://engine/v9.99/info", { unix: target().engine.socket });
    expect(young.status).toBe(400);
    expect(message(await young.text())).toMatch(
      /client version 9\.99 is too new\. Maximum supported API version is 1\.\d+/,
    );
  });

  test("bad JSON is refused", async () => {
    const result = await target().api("POST", "/containers/create", "{ not json");
    // 20.10 calls it a fault of its own.
    expect(result.status).toBe(target().engine.kind === "dockerd" ? 500 : 400);
    expect(message(result.text)).toMatch(/invalid/);
  });

  test("an unknown image gives 404", async () => {
    const result = await target().api("POST", "/containers/create", { Image: "no-such-image" });
    expect(result.status).toBe(404);
    expect(message(result.text)).toMatch(/^No such image: no-such-image(:latest)?$/);
  });

  test("no command gives 400", async () => {
    const result = await target().api("POST", "/containers/create", { Image: "busybox", Cmd: [], Entrypoint: [""] });
    expect(result.status).toBe(400);
    expect(message(result.text)).toMatch(/no command specified/i);
  });

  test("limits are checked", async () => {
    for (const [HostConfig, text] of [
      [{ Memory: 1024 }, /Minimum memory limit allowed is 6MB/],
      [{ Memory: 64 << 20, MemorySwap: 32 << 20 }, /Minimum memoryswap limit should be larger than memory limit/],
      [{ NanoCpus: 1e15 }, /[Rr]ange of CPUs is from 0\.01 to/],
      [{ CpusetCpus: "999" }, /Requested CPUs are not available - requested 999/],
    ] as const) {
      const result = await target().api("POST", "/containers/create", { Image: "busybox", HostConfig });
      expect(result.status).toBe(400);
      expect(message(result.text)).toMatch(text);
    }
  });

  test("containers that are not there give 404", async () => {
    for (const [method, path] of [
      ["GET", "/containers/none/json"],
      ["POST", "/containers/none/start"],
      ["POST", "/containers/none/stop"],
      ["POST", "/containers/none/kill"],
      ["DELETE", "/containers/none"],
      ["GET", "/containers/none/logs?stdout=1"],
      ["POST", "/containers/none/wait"],
    ] as const) {
      const result = await target().api(method, path);
      expect({ path, status: result.status, message: message(result.text) }).toEqual({
        path,
        status: 404,
        message: expect.stringMatching(/No such container: none$/),
      });
    }
  });

  test("starting twice and stopping twice give 304", async () => {
    await target().ok(["run", "-d", "--name", "box", "busybox", "sleep", "60"]);
    expect((await target().api("POST", "/containers/box/start")).status).toBe(304);
    expect((await target().api("POST", "/containers/box/stop?t=0")).status).toBe(204);
    expect((await target().api("POST", "/containers/box/stop?t=0")).status).toBe(304);
  });

  test("logs without a stream give 400", async () => {
    await target().ok(["create", "--name", "box", "busybox"]);
    const result = await target().api("GET", "/containers/box/logs");
    expect(result.status).toBe(400);
    expect(message(result.text)).toBe("Bad parameters: you must choose at least one stream");
  });

  test("wait with a condition", async () => {
    await target().ok(["run", "-d", "--name", "box", "busybox", "sh", "-c", "sleep 1; exit 4"]);
    const result = await target().api("POST", "/containers/box/wait?condition=next-exit");
    expect(result.status).toBe(200);
    expect((JSON.parse(result.text) as { StatusCode: number }).StatusCode).toBe(4);
  });

  test("a resize of a stopped container is refused", async () => {
    await target().ok(["create", "--name", "box", "-t", "busybox"]);
    const result = await target().api("POST", "/containers/box/resize?h=10&w=10");
    expect(result.status).toBe(409);
    expect(message(result.text)).toMatch(/is not running/);
  });

  test("version and info", async () => {
    const version = JSON.parse(await target().ok(["version", "--format", "{{json .Server}}"])) as Record<
      string,
      string
    >;
    expect(version["Os"]).toBe("linux");
    expect(version["ApiVersion"]).toMatch(/^1\.\d+$/);
    const info = JSON.parse(await target().ok(["info", "--format", "{{json .}}"])) as Record<string, unknown>;
    expect(info).toMatchObject({
      OSType: "linux",
      NCPU: expect.any(Number),
      MemTotal: expect.any(Number),
      Containers: 0,
    });
    expect(Number(info["Images"])).toBeGreaterThanOrEqual(3);
  });

  test("the engine is alive after all of it", async () => {
    expect(target().engine.daemon.running).toBe(true);
    expect(await target().ok(["run", "--rm", "busybox", "echo", "alive"])).toBe("alive\n");
  });
}

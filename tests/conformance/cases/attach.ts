import { describe, expect, test } from "bun:test";
import type { Target } from "../target.ts";
import { upgradeHeaders, WebSocketClient } from "../websocket-client.ts";

/** Attach by the API: its parameters, the ends of input, and the WebSocket. */
export function attachCases(target: () => Target): void {
  const echoes = "echo before; while read x; do echo got $x; echo err $x >&2; done; echo end";
  const start = (...flags: string[]): Promise<string> =>
    target().ok(["run", "-d", ...flags, "--name", "attached", "busybox", "sh", "-c", echoes]);
  const socket = (path: string, headers?: Readonly<Record<string, string>>): Promise<WebSocketClient> =>
    WebSocketClient.connect(target().engine.socket, path, headers);
  const isRunning = async (): Promise<boolean> =>
    (await target().ok(["inspect", "-f", "{{.State.Running}}", "attached"])).trim() === "true";
  const frame = (stream: number, text: string): string =>
    `${String.fromCharCode(stream)}\0\0\0\0\0\0${String.fromCharCode(text.length)}${text}`;

  test("attach without stream gives the past, of the streams that are asked for", async () => {
    await target().ok(["run", "-d", "--name", "attached", "busybox", "sh", "-c", "echo out; echo err >&2; sleep 100"]);
    while (!(await target().run(["logs", "attached"])).stderr.includes("err")) await Bun.sleep(20);
    const attach = async (query: string): Promise<string> =>
      (await target().api("POST", `/containers/attached/attach?${query}`)).text;
    expect(await attach("")).toBe("");
    expect(await attach("stdout=1")).toBe("");
    expect(await attach("logs=1")).toBe("");
    expect(await attach("logs=1&stdout=1")).toBe(frame(1, "out\n"));
    expect(await attach("logs=1&stream=0&stderr=1")).toBe(frame(2, "err\n"));
    const both = await attach("logs=1&stdout=1&stderr=1");
    expect([frame(1, "out\n") + frame(2, "err\n"), frame(2, "err\n") + frame(1, "out\n")]).toContain(both);
  });

  test("the end of a client's input is not that of a container that keeps its input open", async () => {
    await start("-i");
    const clients = [];
    for (const word of ["one", "two"]) {
      const client = target().start(["attach", "attached"]);
      client.write(`${word}\n`);
      client.endInput();
      while (!(await target().ok(["logs", "attached"])).includes(`got ${word}`)) await Bun.sleep(20);
      clients.push(client);
    }
    expect(await isRunning()).toBe(true);
    expect(await target().ok(["logs", "attached"])).toBe("before\ngot one\ngot two\n");
    await target().ok(["kill", "attached"]);
    // The command line waits for the container's end.
    for (const client of clients) expect(await client.end()).toBe(137);
  });

  describe("WebSocket", () => {
    const all = "stream=1&stdin=1&stdout=1&stderr=1";
    test("carries both ways, both streams in one, in frames of any cut", async () => {
      await start("-i");
      const client = await socket(`/v1.41/containers/attached/attach/ws?${all}`);
      expect(client.head).toBe(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      );
      const both = async (word: string): Promise<void> => {
        // Which of two pipes is read first is nobody's promise.
        await client.until(`got ${word}\n`);
        await client.until(`err ${word}\n`);
      };
      client.send("hello\n");
      await both("hello");
      client.send("fir", 2, false);
      client.send("st\n", 0);
      await both("first");
      client.send(`${"x".repeat(300)}\n`);
      await both("x".repeat(300));
      client.send("", 8);
      const frames = await client.end();
      expect(frames.filter(({ opcode }) => opcode < 8).every(({ opcode }) => opcode === 2)).toBe(true);
      expect(frames.at(-1)).toEqual({ opcode: 8, payload: Buffer.from([3, 232]) });
      expect(await isRunning()).toBe(true);
    });

    test("gives the past, and ends with the container", async () => {
      await start("-i");
      // What is written while somebody attaches is the past and the present.
      while (!(await target().ok(["logs", "attached"])).includes("before")) await Bun.sleep(20);
      const client = await socket(`/v1.41/containers/attached/attach/ws?logs=1&${all}`);
      client.send("x\n");
      await client.until("got x\n");
      await client.until("err x\n");
      await target().ok(["kill", "attached"]);
      expect((await client.end()).at(-1)?.opcode).toBe(8);
      const lines = (text: string): string[] => text.split("\n").sort();
      expect(lines(client.text())).toEqual(["", "before", "err x", "got x"]);
      const past = await socket("/v1.41/containers/attached/attach/ws?logs=1");
      await past.end();
      expect(lines(past.text())).toEqual(["", "before", "err x", "got x"]);
    });

    test("was text in old versions, and always had all streams", async () => {
      await start("-i");
      const client = await socket("/v1.27/containers/attached/attach/ws?stream=1");
      client.send("old\n", 1);
      await client.until("got old\n");
      await client.until("err old\n");
      client.send("", 8);
      const frames = await client.end();
      expect(frames.filter(({ opcode }) => opcode < 8).every(({ opcode }) => opcode === 1)).toBe(true);
    });

    test("carries a terminal", async () => {
      await target().ok(["run", "-dit", "--name", "attached", "busybox", "sh"]);
      const client = await socket(`/v1.41/containers/attached/attach/ws?${all}`);
      client.send("echo $((6*7))\n");
      await client.until("42\r\n");
      client.send("\u0010\u0011");
      await client.end();
      expect(await isRunning()).toBe(true);
    });

    test("is refused when it is none", async () => {
      await start("-i");
      const answer = async (headers: Readonly<Record<string, string>>): Promise<string> => {
        const client = await socket("/v1.41/containers/attached/attach/ws?stream=1", headers);
        while (client.body() === "") await Bun.sleep(5);
        client.close();
        return `${client.head.slice(9, 12)} ${client.body()}`;
      };
      expect(await answer({})).toBe("400 not websocket protocol");
      const { "Sec-WebSocket-Key": _key, ...keyless } = upgradeHeaders;
      expect(await answer(keyless)).toBe("400 mismatch challenge/response");
      expect(await answer({ ...upgradeHeaders, "Sec-WebSocket-Version": "12" })).toBe(
        "400 missing or bad WebSocket Version",
      );
      const missing = await socket("/v1.41/containers/nobody/attach/ws?stream=1");
      while (missing.body() === "") await Bun.sleep(5);
      missing.close();
      expect(`${missing.head.slice(9, 12)} ${missing.body()}`).toBe('404 {"message":"No such container: nobody"}\n');
    });
  });
}

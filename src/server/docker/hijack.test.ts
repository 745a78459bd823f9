import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import { ServedEngine, RawClient } from "./testing/served-engine.ts";

function frames(bytes: Uint8Array): readonly string[] {
  return [...new FrameDecoder().push(bytes)].map(
    ({ stream, payload }) => `${stream}:${Buffer.from(payload).toString()}`,
  );
}

let served: ServedEngine;
beforeEach(async () => {
  served = await ServedEngine.open();
});
afterEach(() => served.close());

describe("hijacked connections", () => {
  test("attach upgrades, frames both outputs, and ends with the process", async () => {
    const id = await served.create({ Cmd: ["complain", "loudly"], AttachStderr: true });
    const raw = served.upgrade(`/v1.51/containers/${id}/attach?stream=1&stdout=1&stderr=1`);
    const head = await raw.head();
    expect(head.split("\r\n")[0]).toBe("HTTP/1.1 101 UPGRADED");
    expect(head).toContain(
      "Content-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp",
    );
    expect(head).toContain("Api-Version: 1.56");
    await served.call("POST", `/containers/${id}/start`);
    expect(frames(await raw.rest())).toEqual(["stderr:loudly\n"]);
  });

  test("content types by terminal and version", async () => {
    const typeOf = async (version: string, Tty: boolean): Promise<string | undefined> => {
      const id = await served.create({ Tty });
      const raw = served.upgrade(`/v${version}/containers/${id}/attach?stream=1&stdout=1`);
      const head = await raw.head();
      raw.destroy();
      return /Content-Type: (.*)\r\n/.exec(head)?.[1];
    };
    expect(await typeOf("1.41", false)).toBe("application/vnd.docker.raw-stream");
    expect(await typeOf("1.42", false)).toBe("application/vnd.docker.multiplexed-stream");
    expect(await typeOf("1.51", true)).toBe("application/vnd.docker.raw-stream");
  });

  test("half-close gives the process its end of file while its output still comes", async () => {
    const id = await served.create({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    const raw = served.upgrade(`/containers/${id}/attach?stream=1&stdin=1&stdout=1`);
    await raw.head();
    await served.call("POST", `/containers/${id}/start`);
    raw.send("one\n");
    await raw.until("one\n");
    raw.send("two\n");
    raw.halfClose();
    expect(frames(await raw.rest())).toEqual(["stdout:one\n", "stdout:two\n"]);
  });

  test("input sent together with the request, before the start, is not lost", async () => {
    const id = await served.create({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    const raw = new RawClient(served.place);
    raw.send(
      `POST /containers/${id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly\n`,
    );
    raw.halfClose();
    await raw.head();
    await served.call("POST", `/containers/${id}/start`);
    expect(frames(await raw.rest())).toEqual(["stdout:early\n"]);
  });

  test("without the wish to upgrade the answer is a plain stream", async () => {
    const id = await served.create({ Cmd: ["echo", "plain"] });
    const response = await served.call("POST", `/containers/${id}/attach?stream=1&stdout=1`);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "application/vnd.docker.multiplexed-stream",
    ]);
    await served.call("POST", `/containers/${id}/start`);
    expect(frames(new Uint8Array(await response.arrayBuffer()))).toEqual(["stdout:plain\n"]);
  });

  test("an offer to upgrade where there is nothing to upgrade to is ignored", async () => {
    const body = JSON.stringify({ Image: "busybox", Cmd: ["exit", "3"] });
    const create = served.upgrade("http://docker/v1.51/containers/create", body);
    expect(await create.head()).toStartWith("HTTP/1.1 201 Created\r\n");
    const { Id: id } = JSON.parse((await create.rest()).toString()) as { Id: string };
    const wait = served.upgrade(`/containers/${id}/wait?condition=next-exit`);
    expect(await wait.head()).toStartWith("HTTP/1.1 200 OK\r\n");
    const start = served.upgrade(`/containers/${id}/start`);
    expect(await start.head()).toStartWith("HTTP/1.1 204 No Content\r\n");
    expect((await wait.rest()).toString()).toBe('{"StatusCode":3}\n');
    const pull = served.upgrade("/images/create?fromImage=nowhere&tag=x");
    expect(await pull.head()).toStartWith("HTTP/1.1 404 Not Found\r\n");
    for (const client of [start, pull]) client.destroy();
  });

  test("the detach keys end a terminal's connection and leave the process alone", async () => {
    const id = await served.create({ Cmd: ["cat"], OpenStdin: true, Tty: true });
    const raw = served.upgrade(`/containers/${id}/attach?stream=1&stdin=1&stdout=1&detachKeys=ctrl-a,x`);
    await raw.head();
    await served.call("POST", `/containers/${id}/start`);
    raw.send(Uint8Array.of(1, 0x79));
    await raw.until("y");
    raw.send(Uint8Array.of(1, 0x78));
    await raw.rest();
    const { State } = (await (await served.call("GET", `/containers/${id}/json`)).json()) as {
      State: { Running: boolean };
    };
    expect(State.Running).toBe(true);
    await served.call("POST", `/containers/${id}/kill`);
  });

  test("a refusal is an ordinary answer, and the connection is closed", async () => {
    const raw = served.upgrade("/containers/nope/attach?stream=1");
    const head = await raw.head();
    expect(head.split("\r\n")[0]).toBe("HTTP/1.1 404 Not Found");
    expect(JSON.parse((await raw.rest()).toString())).toEqual({ message: "No such container: nope" });
  });

  test("exec: who starts it says whether its output is framed", async () => {
    const id = await served.create({ Cmd: ["sleep"] });
    await served.call("POST", `/containers/${id}/start`);
    const start = async (created: boolean, started: boolean): Promise<Uint8Array> => {
      const made = await served.call("POST", `/containers/${id}/exec`, {
        Cmd: ["echo", "in"],
        AttachStdout: true,
        Tty: created,
      });
      const { Id: execId } = (await made.json()) as { Id: string };
      const raw = served.upgrade(`/exec/${execId}/start`, JSON.stringify({ Detach: false, Tty: started }));
      await raw.head();
      return raw.rest();
    };
    const text = async (bytes: Promise<Uint8Array>): Promise<string> => Buffer.from(await bytes).toString();
    expect(frames(await start(true, false))).toEqual(["stdout:in\n"]);
    expect(frames(await start(false, false))).toEqual(["stdout:in\n"]);
    expect(await text(start(true, true))).toBe("in\n");
    expect(await text(start(false, true))).toBe("in\n");
    await served.call("POST", `/containers/${id}/kill`);
  });

  test("exec: output, exit code, and a failure to start told on the stream", async () => {
    const id = await served.create({ Cmd: ["sleep"] });
    await served.call("POST", `/containers/${id}/start`);
    const exec = async (Cmd: readonly string[]): Promise<string> =>
      (
        (await (
          await served.call("POST", `/containers/${id}/exec`, { Cmd, AttachStdout: true, AttachStderr: true })
        ).json()) as { Id: string }
      ).Id;
    const run = async (execId: string): Promise<readonly string[]> => {
      const raw = served.upgrade(`/exec/${execId}/start`, '{"Detach":false,"Tty":false}');
      expect(await raw.head()).toStartWith("HTTP/1.1 101 UPGRADED");
      return frames(await raw.rest());
    };
    const good = await exec(["echo", "in"]);
    expect(await run(good)).toEqual(["stdout:in\n"]);
    expect(await served.failure("POST", `/exec/${good}/start`, {})).toBe(`409 exec command ${good} has already run`);
    const bad = await exec(["nope"]);
    expect(await run(bad)).toEqual([
      'stdout:OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown\r\n',
    ]);
    expect(await (await served.call("GET", `/exec/${bad}/json`)).json()).toMatchObject({
      ExitCode: 127,
      Running: false,
    });
    await served.call("POST", `/containers/${id}/kill`);
  });

  test("exec: the detach keys are told, a client that just leaves is not", async () => {
    const id = await served.create({ Cmd: ["sleep"] });
    await served.call("POST", `/containers/${id}/start`);
    const start = async (): Promise<{ readonly execId: string; readonly raw: RawClient }> => {
      const options = { Cmd: ["cat"], AttachStdin: true, AttachStdout: true, Tty: true, DetachKeys: "ctrl-x" };
      const made = await served.call("POST", `/containers/${id}/exec`, options);
      const { Id: execId } = (await made.json()) as { Id: string };
      const raw = served.upgrade(`/exec/${execId}/start`, '{"Detach":false,"Tty":true}');
      await raw.head();
      return { execId, raw };
    };
    const detached = await start();
    detached.raw.send(Uint8Array.of(0x18));
    await detached.raw.rest();
    const left = await start();
    left.raw.destroy();
    // Both ends of the connection are settled when another request is answered.
    await served.call("GET", "/_ping");
    const told = served.world.published.filter(({ action }) => action === "exec_detach");
    expect(told.map(({ attributes }) => attributes["execID"])).toEqual([detached.execId]);
  });

  test("resize reaches the terminal; nonsense does not", async () => {
    const id = await served.create({ Cmd: ["sleep"], Tty: true });
    await served.call("POST", `/containers/${id}/start`);
    expect((await served.call("POST", `/containers/${id}/resize?h=24&w=80`)).status).toBe(200);
    expect([...served.world.launcher.processes.values()].at(-1)?.sizes).toEqual([[24, 80]]);
    expect((await served.call("POST", `/containers/${id}/resize?h=x&w=80`)).status).toBe(400);
    expect((await served.call("POST", `/containers/${id}/resize`)).status).toBe(400);
    await served.call("POST", `/containers/${id}/kill`);
  });
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { EndedOutput } from "#spec/berth/ended-output.ts";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import { ServedEngine } from "./testing/served-engine.ts";

let served: ServedEngine;
beforeEach(async () => {
  served = await ServedEngine.open();
});
afterEach(() => served.close());

interface Received {
  readonly head: string;
  readonly output: readonly string[];
  readonly end: unknown;
}

async function received(url: string, body?: string): Promise<Received> {
  const raw = served.upgrade(url, body);
  const head = (await raw.head()).split("\r\n")[0] ?? "";
  const parted = new EndedOutput({ raw: false });
  const frames = [...new FrameDecoder().push(parted.push(await raw.rest()))];
  const output = frames.map(({ stream, payload }) => `${stream}:${Buffer.from(payload).toString()}`);
  return { head, output, end: parted.end() };
}

const run = (id: string, more = ""): Promise<Received> =>
  received(`/v1.55/berth/containers/${id}/run?stdout=1&stderr=1&condition=next-exit${more}`);

/** What was told of a container, the ids of others aside. */
const told = (id: string): readonly string[] =>
  served.world.published.filter((event) => event.id === id).map(({ action }) => action);

describe("a container run by one request", () => {
  test("output, then how it ended, and the events of Docker's three requests", async () => {
    const one = await served.create({ Cmd: ["exit", "3"] });
    expect(await run(one)).toEqual({ head: "HTTP/1.1 101 UPGRADED", output: [], end: { StatusCode: 3 } });
    const three = await served.create({ Cmd: ["exit", "3"] });
    const attached = served.upgrade(`/containers/${three}/attach?stream=1&stdout=1&stderr=1`);
    await attached.head();
    const wait = served.upgrade(`/containers/${three}/wait?condition=next-exit`);
    await wait.head();
    await served.call("POST", `/containers/${three}/start`);
    await wait.rest();
    expect(told(one)).toEqual(told(three));
    expect(told(one)).toEqual(["create", "attach", "start", "die"]);
    attached.destroy();
  });

  test("what a terminal shows comes in frames too", async () => {
    const id = await served.create({ Cmd: ["echo", "seen"], Tty: true });
    expect(await run(id)).toMatchObject({ output: ["stdout:seen\n"], end: { StatusCode: 0 } });
  });

  test("one that removes itself is gone when its end is told", async () => {
    const id = await served.create({ Cmd: ["exit", "4"], HostConfig: { AutoRemove: true } });
    expect((await run(id, "&condition=removed")).end).toEqual({ StatusCode: 4 });
    expect((await served.call("GET", `/containers/${id}/json`)).status).toBe(404);
  });

  test("a failure to start is the answer, as of start", async () => {
    const refused = async (url: (id: string) => string): Promise<readonly [string, string]> => {
      const id = await served.create({ Cmd: ["nope"] });
      const raw = served.upgrade(url(id));
      const head = await raw.head();
      return [head.split("\r\n")[0] ?? "", (await raw.rest()).toString()];
    };
    const one = await refused((id) => `/berth/containers/${id}/run?stdout=1`);
    expect(one).toEqual(await refused((id) => `/containers/${id}/start`));
    expect(one[0]).toBe("HTTP/1.1 400 Bad Request");
  });

  test("one that runs already is attached to", async () => {
    const id = await served.create({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    await served.call("POST", `/containers/${id}/start`);
    const raw = served.upgrade(`/berth/containers/${id}/run?stdin=1&stdout=1&condition=next-exit`);
    await raw.head();
    raw.send("one\n");
    await raw.until("one\n");
    raw.halfClose();
    expect((await raw.rest()).toString()).toContain('{"StatusCode":0}');
  });

  test("conditions are checked, and containers are found, before anything starts", async () => {
    const id = await served.create({ Cmd: ["true"] });
    expect(await served.failure("POST", `/berth/containers/${id}/run?condition=odd`)).toBe(
      '400 invalid condition: "odd"',
    );
    expect(await served.failure("POST", "/berth/containers/nope/run")).toBe("404 No such container: nope");
    expect(told(id)).toEqual(["create"]);
  });
});

describe("an exec run by one request", () => {
  const exec = async (id: string, Cmd: readonly string[], more: object = {}): Promise<string> => {
    const options = { Cmd, AttachStdout: true, AttachStderr: true, ...more };
    const made = await served.call("POST", `/containers/${id}/exec`, options);
    return ((await made.json()) as { Id: string }).Id;
  };

  test("output, then the exit code; a failure to start is told as by Docker's request", async () => {
    const id = await served.create({ Cmd: ["sleep"] });
    await served.call("POST", `/containers/${id}/start`);
    const of = async (Cmd: readonly string[]): Promise<Received> =>
      received(`/v1.55/berth/exec/${await exec(id, Cmd)}/run`, "{}");
    expect(await of(["echo", "in"])).toMatchObject({ output: ["stdout:in\n"], end: { ExitCode: 0 } });
    expect(await of(["exit", "5"])).toMatchObject({ output: [], end: { ExitCode: 5 } });
    const { output, end } = await of(["nope"]);
    expect([output.join(""), end]).toEqual([
      'stdout:OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown\r\n',
      { ExitCode: 127 },
    ]);
    const shown = await exec(id, ["echo", "in"], { Tty: true });
    expect(await received(`/berth/exec/${shown}/run`, '{"Tty":true}')).toMatchObject({
      output: ["stdout:in\n"],
      end: { ExitCode: 0 },
    });
    await served.call("POST", `/containers/${id}/kill`);
  });
});

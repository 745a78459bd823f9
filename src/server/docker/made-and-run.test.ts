import { afterEach, beforeEach, expect, test } from "bun:test";
import { endedOutputType } from "#spec/berth/ended-output.ts";
import { note, runHeader } from "#spec/berth/made-and-run.ts";
import { ServedEngine } from "./testing/served-engine.ts";

let served: ServedEngine;
beforeEach(async () => {
  served = await ServedEngine.open();
});
afterEach(() => served.close());

const named: Readonly<Record<number, string>> = {
  1: "stdout",
  2: "stderr",
  16: "end",
  ...Object.fromEntries(Object.entries(note).map(([kind, number]) => [number, kind])),
};

/** The frames of an answer in order, `kind:payload`, ids as ID. */
function frames(bytes: Buffer): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at + 4);
    const payload = bytes.subarray(at + 8, at + 8 + length).toString();
    found.push(`${named[bytes[at] ?? 0]}:${payload.replace(/[0-9a-f]{64}/, "ID")}`);
    at += 8 + length;
  }
  return found;
}

const asked = (body: object, options = "stdout=1&stderr=1&condition=next-exit", query = ""): Promise<Response> =>
  served.call("POST", `/v1.51/containers/create${query}`, { Image: "busybox", ...body }, { [runHeader]: options });

const framesOf = async (response: Response): Promise<readonly string[]> =>
  frames(Buffer.from(await response.arrayBuffer()));

/** What was told of containers. */
const told = (): readonly string[] =>
  served.world.published.filter(({ type }) => type === "container").map(({ action }) => action);

test("a container is made and run by one request, with the events of Docker's four", async () => {
  const response = await asked({ Cmd: ["echo", "seen"] });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, endedOutputType]);
  expect(await framesOf(response)).toEqual([
    'made:{"Id":"ID","Warnings":[]}',
    "running:",
    "stdout:seen\n",
    'end:{"StatusCode":0}',
  ]);
  expect(told()).toEqual(["create", "attach", "start", "die"]);
});

test("what a terminal shows comes in frames too", async () => {
  const seen = await framesOf(await asked({ Cmd: ["echo", "seen"], Tty: true }));
  expect(seen.slice(2)).toEqual(["stdout:seen\n", 'end:{"StatusCode":0}']);
});

test("one that removes itself is gone when its end is told", async () => {
  const autoRemove = { Cmd: ["exit", "4"], HostConfig: { AutoRemove: true } };
  const response = await asked(autoRemove, "stdout=1&condition=removed", "?name=once");
  expect((await framesOf(response)).at(-1)).toBe('end:{"StatusCode":4}');
  expect((await served.call("GET", "/containers/once/json")).status).toBe(404);
});

test("what cannot be made is refused as ever", async () => {
  const refused = async (response: Promise<Response>): Promise<string> => {
    const { status, headers } = await response;
    return `${status} ${headers.get("content-type")} ${await (await response).text()}`;
  };
  const nope = { Image: "nope", Cmd: ["true"] };
  const ever = await refused(served.call("POST", "/v1.51/containers/create", nope));
  expect(await refused(asked(nope))).toBe(ever);
  expect(ever).toStartWith("404 application/json");
  expect(await refused(asked({ Cmd: ["true"] }, "condition=odd"))).toBe(
    '400 application/json {"message":"invalid condition: \\"odd\\""}\n',
  );
  // It was checked before anything was made.
  expect(told()).toEqual([]);
});

test("a failure to start tells what an answer to start would have", async () => {
  const [, ...behind] = await framesOf(await asked({ Cmd: ["nope"] }, undefined, "?name=one"));
  const other = await served.create({ Cmd: ["nope"] });
  const answer = await served.call("POST", `/containers/${other}/start`);
  const { message } = (await answer.json()) as { message: string };
  expect(behind).toEqual([`refused:${JSON.stringify({ status: answer.status, message })}`]);
  const inspect = (await (await served.call("GET", "/containers/one/json")).json()) as { State: { Status: string } };
  expect(inspect.State.Status).toBe("created");
});

test("an exec is made and run by one request; a failure to start is in its output", async () => {
  const id = await served.create({ Cmd: ["sleep"] });
  await served.call("POST", `/containers/${id}/start`);
  const exec = (Cmd: readonly string[], more: object = {}): Promise<Response> => {
    const config = { Cmd, AttachStdout: true, AttachStderr: true, ...more };
    return served.call("POST", `/v1.51/containers/${id}/exec`, config, { [runHeader]: "1" });
  };
  const before = ['made:{"Id":"ID"}', "running:"];
  expect(await framesOf(await exec(["echo", "in"]))).toEqual([...before, "stdout:in\n", 'end:{"ExitCode":0}']);
  expect(await framesOf(await exec(["echo", "in"], { Tty: true }))).toEqual([
    ...before,
    "stdout:in\n",
    'end:{"ExitCode":0}',
  ]);
  expect(await framesOf(await exec(["exit", "5"]))).toEqual([...before, 'end:{"ExitCode":5}']);
  expect((await framesOf(await exec(["nope"]))).at(-1)).toBe('end:{"ExitCode":127}');
  await served.call("POST", `/containers/${id}/kill`);
  expect((await exec(["true"])).status).toBe(409);
});

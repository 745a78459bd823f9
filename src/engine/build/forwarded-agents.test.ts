import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ForwardedAgents } from "./forwarded-agents.ts";

const scratch = mkdtempSync(join(tmpdir(), "agents-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Names of connections, as they are asked for. */
class Asked {
  readonly names: (readonly [id: string, connection: string])[] = [];
  #wake = Promise.withResolvers<void>();

  readonly ask = (id: string, connection: string): void => {
    this.names.push([id, connection]);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  };

  async count(wanted: number): Promise<void> {
    while (this.names.length < wanted) await this.#wake.promise;
  }
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.resume();
  });

test("who connects is asked for, taken once, and hung up at the end", async () => {
  const agents = new ForwardedAgents();
  const asked = new Asked();
  const opened = await agents.open(scratch, ["default"], asked.ask);
  const path = opened.paths.get("default") ?? "";
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const near = connect(path);
  await asked.count(1);
  const [[id, name] = ["", ""]] = asked.names;
  expect(id).toBe("default");
  const far = agents.take(name);
  expect(() => agents.take(name)).toThrow("no build waits for an agent");
  await far.write(new TextEncoder().encode("answer"));
  const said = await new Promise((resolve) => void near.once("data", resolve));
  expect(String(said)).toBe("answer");
  const end = closed(near);
  opened.close();
  await end;
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test("no more than a few wait", async () => {
  const agents = new ForwardedAgents();
  const asked = new Asked();
  const opened = await agents.open(scratch, ["a", "b"], asked.ask);
  const sockets = Array.from({ length: 64 }, () => connect(opened.paths.get("b") ?? ""));
  await asked.count(64);
  await closed(connect(opened.paths.get("b") ?? ""));
  expect(asked.names).toHaveLength(64);
  agents.take(asked.names[0]?.[1] ?? "").close();
  connect(opened.paths.get("a") ?? "").on("error", () => undefined);
  await asked.count(65);
  const ends = sockets.map(closed);
  opened.close();
  await Promise.all(ends);
  expect(() => agents.take(asked.names[1]?.[1] ?? "")).toThrow("no build waits");
});

import { beforeEach, expect, test } from "bun:test";

import { BerthError } from "#base/errors.ts";
import type { SqlDatabase } from "#host/sqlite.ts";

import { ContainerStore, type ContainerRow } from "./container-store.ts";
import { openState } from "./db.ts";
import { ExecStore } from "./exec-store.ts";

interface Spec {
  readonly command: string;
}
interface Status {
  readonly state: string;
}

function validateSpec(value: unknown): Spec {
  if (typeof value === "object" && value !== null && "command" in value) return value as Spec;
  throw new Error("no command");
}

let database: SqlDatabase;
let store: ContainerStore<Spec, Status>;
let execs: ExecStore<Spec, Status>;
beforeEach(() => {
  database = openState(":memory:");
  const validateStatus = (value: unknown): Status => value as Status;
  store = new ContainerStore({ database, validateSpec, validateStatus });
  execs = new ExecStore({ database, validateSpec, validateStatus });
});

function row(id: string, name: string): ContainerRow<Spec, Status> {
  return {
    id,
    name,
    imageId: "sha256:1",
    createdAt: "2026-01-01T00:00:00Z",
    spec: { command: "true" },
    status: { state: "created" },
  };
}

test("rows are found by id, prefix and name", () => {
  store.insert(row("aa11", "one"));
  store.insert(row("aa22", "two"));
  expect(store.get("aa11")).toEqual(row("aa11", "one"));
  expect(store.get("aa")).toBeUndefined();
  expect(store.byName("two")?.id).toBe("aa22");
  expect(store.byIdPrefix("aa1").map(({ id }) => id)).toEqual(["aa11"]);
  expect(store.byIdPrefix("aa")).toHaveLength(2);
  expect(store.byIdPrefix("b")).toEqual([]);
  expect(store.list().map(({ name }) => name)).toEqual(["two", "one"]);
  expect(store.usersOf("sha256:1")).toEqual(["aa11", "aa22"]);
});

test("a name is given once", () => {
  store.insert(row("a", "one"));
  store.insert(row("b", "two"));
  const taken = expect.objectContaining({ kind: "already-exists", details: { name: "one" } });
  expect(() => store.insert(row("c", "one"))).toThrow(taken);
  expect(() => store.update("b", { name: "one", status: { state: "running" } })).toThrow(taken);
  expect(store.get("b")?.status).toEqual({ state: "created" });
});

test("an update writes what it names and nothing else", () => {
  store.insert(row("a", "one"));
  store.update("a", { status: { state: "running" } });
  store.update("a", { name: "uno" });
  expect(store.get("a")).toEqual({ ...row("a", "uno"), status: { state: "running" } });
  expect(() => store.update("z", { name: "x" })).toThrow(expect.objectContaining({ kind: "not-found" }));
});

test("a row that does not hold what it should is data loss, named", () => {
  store.insert(row("a", "one"));
  database.exec(`UPDATE containers SET spec = '{"x":1}'`);
  try {
    store.get("a");
    throw new Error("read");
  } catch (error) {
    expect(error).toBeInstanceOf(BerthError);
    expect(error).toMatchObject({ kind: "data-loss", message: "bad containers.spec of a: no command" });
  }
});

test("execs go with their container", () => {
  store.insert(row("a", "one"));
  const exec = { id: "e1", containerId: "a", spec: { command: "ls" }, status: { state: "created" } };
  execs.insert(exec);
  execs.insert({ ...exec, id: "e0" });
  expect(execs.get("e1")).toEqual(exec);
  expect(execs.setStatus("e1", { state: "exited" })).toBe(true);
  expect(execs.ofContainer("a").map(({ id, status }) => [id, status.state])).toEqual([
    ["e1", "exited"],
    ["e0", "created"],
  ]);
  expect(() => execs.insert({ ...exec, id: "e2", containerId: "nobody" })).toThrow(
    expect.objectContaining({ kind: "conflict" }),
  );
  expect(store.delete("a")).toBe(true);
  expect(store.delete("a")).toBe(false);
  expect(execs.get("e1")).toBeUndefined();
});

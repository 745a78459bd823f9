import { beforeEach, expect, test } from "bun:test";

import { BerthError } from "#base/errors.ts";
import type { SqlDatabase } from "#host/bun/sqlite.ts";

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

const rowOf = (id: string): ContainerRow<Spec, Status> | undefined => store.list().find((each) => each.id === id);

test("rows come back as they were, the newest first", () => {
  store.insert(row("aa22", "one"));
  store.insert(row("aa11", "two"));
  expect(store.list()).toEqual([row("aa11", "two"), row("aa22", "one")]);
});

test("a name is given once", () => {
  store.insert(row("a", "one"));
  store.insert(row("b", "two"));
  const taken = expect.objectContaining({ kind: "already-exists", details: { name: "one" } });
  expect(() => store.insert(row("c", "one"))).toThrow(taken);
  expect(() => store.update("b", { name: "one", status: { state: "running" } })).toThrow(taken);
  expect(rowOf("b")).toEqual(row("b", "two"));
  expect(store.list()).toHaveLength(2);
});

test("an update writes what it names and nothing else", () => {
  store.insert(row("a", "one"));
  store.update("a", { status: { state: "running" } });
  store.update("a", { name: "uno" });
  expect(rowOf("a")).toEqual({ ...row("a", "uno"), status: { state: "running" } });
  store.update("a", { spec: { command: "ls" }, status: { state: "exited" } });
  expect(rowOf("a")).toEqual({ ...row("a", "uno"), spec: { command: "ls" }, status: { state: "exited" } });
  const gone = expect.objectContaining({ kind: "not-found" });
  expect(() => store.update("z", { name: "x" })).toThrow(gone);
  expect(() => store.update("z", { status: { state: "running" } })).toThrow(gone);
});

test("a row that does not hold what it should is data loss, named", () => {
  store.insert(row("a", "one"));
  database.exec(`UPDATE containers SET spec = '{"x":1}'`);
  try {
    store.list();
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
  execs.insert({ ...exec, id: "old" });
  execs.insert({ ...exec, id: "e0" }, ["old"]);
  expect(execs.setStatus("e1", { state: "exited" })).toBe(true);
  expect(execs.list()).toEqual([
    { ...exec, status: { state: "exited" } },
    { ...exec, id: "e0" },
  ]);
  expect(() => execs.insert({ ...exec, id: "e2", containerId: "nobody" }, ["e1"])).toThrow(
    expect.objectContaining({ kind: "conflict" }),
  );
  expect(execs.list()).toHaveLength(2);
  expect(store.delete("a")).toBe(true);
  expect(store.delete("a")).toBe(false);
  expect(execs.list()).toEqual([]);
});

import { expect, test } from "bun:test";

import { openSqlite } from "#host/bun/sqlite.ts";

import { ContainerStore } from "./container-store.ts";
import { migrate, openState, schemaVersion } from "./db.ts";
import { ExecStore } from "./exec-store.ts";
import { ExitStore } from "./exit-store.ts";
import { migrations } from "./migrations.ts";
import { NetworkStore } from "./network-store.ts";
import { SnapshotStore } from "./snapshot-store.ts";

test("a new database gets every migration", () => {
  const database = openState(":memory:");
  expect(schemaVersion(database)).toBe(migrations.length);
  database.close();
});

test("each migration applies to the schema before it, and only once", () => {
  const database = openSqlite(":memory:");
  for (const [index] of migrations.entries()) {
    migrate(database, migrations.slice(0, index + 1));
    expect(schemaVersion(database)).toBe(index + 1);
  }
  migrate(database, migrations);
  expect(schemaVersion(database)).toBe(migrations.length);
  database.close();
});

test("rows of runs are kept by the migration that lays them out anew", () => {
  const database = openSqlite(":memory:");
  const before = migrations.findIndex(({ name }) => name === "fewer pages for what every run writes");
  migrate(database, migrations.slice(0, before));
  database.exec(`
    INSERT INTO containers (id, name, image_id, created_at, spec, status)
      VALUES ('c1', 'one', 'i', 't1', '{"n":1}', '"exited"'), ('c2', 'two', 'i', 't2', '{"n":2}', '"running"');
    INSERT INTO execs (id, container_id, spec, status) VALUES ('e2', 'c2', '1', '"exited"'), ('e1', 'c2', '2', '"created"');
    INSERT INTO networks (id, name, created_at, spec) VALUES ('n', 'bridge', 't', '{}');
    INSERT INTO endpoints (id, network_id, container_id, ipv4, spec) VALUES ('p', 'n', 'c2', '172.17.0.2', '"p"');
    INSERT INTO layers (number, diff_id, size_bytes) VALUES (1, 'd1', 0), (2, 'd2', 0);
    INSERT INTO snapshots (key) VALUES ('s');
    INSERT INTO snapshot_layers (key, position, diff_id) VALUES ('s', 0, 'd2'), ('s', 1, 'd1');
    INSERT INTO exits (container_id, container_name, finished_ms, report) VALUES ('c1', 'one', 5, '"why"');`);
  migrate(database, migrations);
  const validate = (value: unknown): unknown => value;
  const containers = new ContainerStore({ database, validateSpec: validate, validateStatus: validate });
  expect(containers.list().map(({ id, name, spec, status }) => [id, name, spec, status])).toEqual([
    ["c2", "two", { n: 2 }, "running"],
    ["c1", "one", { n: 1 }, "exited"],
  ]);
  const execs = new ExecStore({ database, validateSpec: validate, validateStatus: validate });
  execs.insert({ id: "e0", containerId: "c1", spec: 3, status: "created" });
  expect(execs.list().map(({ id, containerId, spec }) => [id, containerId, spec])).toEqual([
    ["e2", "c2", 1],
    ["e1", "c2", 2],
    ["e0", "c1", 3],
  ]);
  const networks = new NetworkStore({ database, validateNetwork: validate, validateEndpoint: validate });
  expect(networks.endpoints()).toEqual([{ networkId: "n", containerId: "c2", ipv4: "172.17.0.2", spec: "p" }]);
  const taken = { networkId: "n", containerId: "c1", ipv4: "172.17.0.2", spec: "q" };
  expect(() => networks.insertEndpoint(taken)).toThrow(expect.objectContaining({ kind: "conflict" }));
  const snapshots = new SnapshotStore({ database });
  expect(snapshots.layersOf("s")).toEqual(["d2", "d1"]);
  expect(snapshots.delete("s")).toBe(true);
  expect(database.prepare("SELECT * FROM snapshot_layers").all()).toEqual([]);
  expect(new ExitStore({ database, validate }).find("one")).toEqual(["c1"]);
  expect(containers.delete("c2")).toBe(true);
  expect(execs.list().map(({ id }) => id)).toEqual(["e0"]);
  database.close();
});

test("a migration that fails is taken back whole", () => {
  const database = openSqlite(":memory:");
  const steps = [
    { name: "good", sql: "CREATE TABLE a (x INTEGER) STRICT;" },
    { name: "bad", sql: "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);" },
  ];
  expect(() => migrate(database, steps)).toThrow(expect.objectContaining({ kind: "internal" }));
  expect(schemaVersion(database)).toBe(1);
  expect(database.prepare("SELECT name FROM sqlite_master").all()).toEqual([{ name: "a" }]);
  database.close();
});

test("a newer schema is refused", () => {
  const database = openSqlite(":memory:");
  database.exec("PRAGMA user_version = 9999");
  expect(() => migrate(database, migrations)).toThrow(expect.objectContaining({ kind: "conflict" }));
  database.close();
});

test("tables are strict", () => {
  const database = openState(":memory:");
  for (const { name, strict } of database
    .prepare("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")
    .all()) {
    if (!String(name).startsWith("sqlite_")) expect({ name, strict }).toEqual({ name, strict: 1 });
  }
  database.close();
});

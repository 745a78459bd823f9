import { expect, test } from "bun:test";
import { inheritedSockets, SUPERVISED_SOCKETS } from "../sockets/inherited-sockets.ts";
import { ServiceManager } from "./service-manager.ts";
import { unixAddress } from "../sockets/unix-address.ts";

test("addresses of paths end with NUL, those of abstract names begin with it", () => {
  expect([...unixAddress("/a")]).toEqual([1, 0, 47, 97, 0]);
  expect([...unixAddress("@a")]).toEqual([1, 0, 0, 97]);
});

test("without a service manager nothing is told, and one that is gone is no failure", () => {
  const env: Record<string, string | undefined> = { NOTIFY_SOCKET: "/no/such", WATCHDOG_USEC: "1", WATCHDOG_PID: "1" };
  for (const manager of [new ServiceManager(env), new ServiceManager({})]) {
    manager.ready("Serving");
    let reloads = 0;
    manager.reloading(() => reloads++);
    manager.stopping();
    expect(reloads).toBe(1);
  }
  expect(env).toEqual({});
});

test("descriptors count only for the pid they are meant for, and their variables are not passed on", () => {
  const env: Record<string, string | undefined> = { LISTEN_PID: "1", LISTEN_FDS: "1", OTHER: "x" };
  expect(inheritedSockets(env, 2)).toEqual([]);
  expect(env).toEqual({ OTHER: "x" });
  expect(inheritedSockets({ LISTEN_PID: "2", LISTEN_FDS: "many" }, 2)).toEqual([]);
  expect(inheritedSockets({ [SUPERVISED_SOCKETS]: "[]", LISTEN_PID: "2", LISTEN_FDS: "1" }, 2)).toEqual([]);
});

test("what is no listening socket is refused", () => {
  expect(() => inheritedSockets({ LISTEN_PID: "2", LISTEN_FDS: "900" }, 2)).toThrow(
    /inherited (descriptor|socket) \d+/,
  );
});

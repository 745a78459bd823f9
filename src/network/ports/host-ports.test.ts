import { describe, expect, test } from "bun:test";
import { SyscallError } from "#host/errno.ts";
import type { PortPublication } from "../types.ts";
import { HostPorts, type PortHolder } from "./host-ports.ts";

/** Host programs' ports, and what is held, as "protocol address:port". */
class FakeHost implements PortHolder {
  readonly occupied = new Map<string, number>();
  readonly held = new Set<string>();

  hold(protocol: string, hostIp: string, hostPort: number): Disposable {
    const key = `${protocol} ${hostIp}:${hostPort}`;
    const errno = this.occupied.get(key);
    if (errno !== undefined) throw new SyscallError("bind", errno, "fd 9");
    this.held.add(key);
    return { [Symbol.dispose]: () => void this.held.delete(key) };
  }
}

function tcp(hostPort: number, hostIp = "", containerPort = 80): PortPublication {
  return { protocol: "tcp", containerPort, hostIp, hostPort };
}

function make(): { host: FakeHost; ports: HostPorts } {
  const host = new FakeHost();
  return { host, ports: new HostPorts({ holder: host, ephemeral: { first: 40000, last: 40002 } }) };
}

describe("HostPorts", () => {
  test("holds what it gives, until it is released", () => {
    const { host, ports } = make();
    expect(ports.allocate("a", [tcp(8080)], "172.17.0.2")).toEqual([tcp(8080, "0.0.0.0")]);
    expect([...host.held]).toEqual(["tcp 0.0.0.0:8080"]);
    ports.release("a");
    ports.release("a");
    expect(host.held.size).toBe(0);
    ports.allocate("b", [tcp(8080)], "172.17.0.3");
  });

  test("of a range the first free one is given, to each owner another", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:8081", 98);
    const range = { ...tcp(8080), lastHostPort: 8082 };
    expect(ports.allocate("a", [range], "172.17.0.2")).toEqual([tcp(8080, "0.0.0.0")]);
    expect(ports.allocate("b", [range], "172.17.0.3")).toEqual([tcp(8082, "0.0.0.0")]);
    expect(() => ports.allocate("c", [range], "172.17.0.4")).toThrow("all ports are allocated");
    ports.release("a");
    expect(ports.allocate("c", [range], "172.17.0.4")).toEqual([tcp(8080, "0.0.0.0")]);
  });

  test("all or nothing", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:8081", 98);
    expect(() => ports.allocate("a", [tcp(8080), tcp(8081)], "172.17.0.2")).toThrow();
    expect(host.held.size).toBe(0);
    ports.allocate("a", [tcp(8080)], "172.17.0.2");
  });

  test.each([
    ["0.0.0.0", "0.0.0.0"],
    ["0.0.0.0", "127.0.0.1"],
    ["127.0.0.1", "0.0.0.0"],
    ["127.0.0.1", "127.0.0.1"],
  ])("a port at %s excludes one at %s", (first, second) => {
    const { ports } = make();
    ports.allocate("a", [tcp(8080, first)], "172.17.0.2");
    const again = (): unknown => ports.allocate("b", [tcp(8080, second)], "172.17.0.3");
    expect(again).toThrow(`Bind for ${second}:8080 failed: port is already allocated`);
  });

  test("other addresses and protocols go together", () => {
    const { host, ports } = make();
    ports.allocate("a", [tcp(8080, "127.0.0.1"), tcp(8080, "127.0.0.2")], "172.17.0.2");
    ports.allocate("b", [{ ...tcp(8080), protocol: "udp" }], "172.17.0.3");
    expect(host.held.size).toBe(3);
  });

  test("a host program in the way, in Docker's words", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:80", 98).set("tcp 9.9.9.9:80", 99);
    expect(() => ports.allocate("a", [tcp(80)], "172.17.0.2")).toThrow(
      "failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use",
    );
    expect(() => ports.allocate("a", [tcp(80, "9.9.9.9")], "172.17.0.2")).toThrow(
      "failed to bind host port for 9.9.9.9:80:172.17.0.2:80/tcp: cannot assign requested address",
    );
  });

  test("ephemeral ports rest after use, and skip those taken", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:40001", 98);
    expect(ports.allocate("a", [tcp(0)], "172.17.0.2")).toEqual([tcp(40000, "0.0.0.0")]);
    ports.release("a");
    expect(ports.allocate("a", [tcp(0)], "172.17.0.2")).toEqual([tcp(40002, "0.0.0.0")]);
    expect(ports.allocate("b", [tcp(0)], "172.17.0.3")).toEqual([tcp(40000, "0.0.0.0")]);
    expect(() => ports.allocate("c", [tcp(0)], "172.17.0.4")).toThrow("all ports are allocated");
  });

  test("refuses IPv6 host addresses by name", () => {
    const { ports } = make();
    expect(() => ports.allocate("a", [tcp(80, "::1")], "172.17.0.2")).toThrow(
      "publishing on the IPv6 address [::1] is not supported",
    );
  });

  test("restores an earlier run's ports and tells those lost to others", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:81", 98);
    expect(ports.restore("a", [tcp(80, "0.0.0.0"), tcp(81, "0.0.0.0")])).toEqual([tcp(81, "0.0.0.0")]);
    expect(() => ports.allocate("b", [tcp(81)], "172.17.0.3")).toThrow("port is already allocated");
  });
});

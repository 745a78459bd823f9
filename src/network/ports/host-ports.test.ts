import { describe, expect, test } from "bun:test";
import { SyscallError } from "#host/kernel/errno.ts";
import type { PortPublication } from "../types.ts";
import { HostPorts, type HeldPort, type PortHolder, type RelayTarget, type WantedPort } from "./host-ports.ts";

/** Host programs' ports, and what is held, as "protocol address:port". */
class FakeHost implements PortHolder {
  readonly occupied = new Map<string, number>();
  readonly held = new Set<string>();

  /** Where held IPv6 ports lead. */
  readonly relayed: string[] = [];

  hold({ protocol, hostIp, hostPort }: HeldPort, target: RelayTarget | undefined): Disposable {
    const key = `${protocol} ${hostIp}:${hostPort}`;
    const errno = this.occupied.get(key);
    if (errno !== undefined) throw new SyscallError("bind", errno, "fd 9");
    this.held.add(key);
    if (target !== undefined) this.relayed.push(`${key} ${target.host} ${target.port}`);
    return { [Symbol.dispose]: () => void this.held.delete(key) };
  }
}

function tcp(hostPort: number, hostIp = "", containerPort = 80): PortPublication {
  return { protocol: "tcp", containerPort, hostIp, hostPort };
}

/** A publication of 172.17.0.2 on one address. */
function wanted(hostPort: number, hostIp = "0.0.0.0"): WantedPort {
  const hostAddresses = [{ hostIp, optional: false, target: "172.17.0.2" }];
  return { protocol: "tcp", containerPort: 80, hostPort, hostAddresses };
}

/** On every address of both families. */
function dual(hostPort: number): WantedPort {
  const hostAddresses = [
    { hostIp: "0.0.0.0", optional: true, target: "172.17.0.2" },
    { hostIp: "::", optional: true, target: "fd00::2" },
  ];
  return { ...wanted(hostPort), hostAddresses };
}

function make(): { host: FakeHost; ports: HostPorts } {
  const host = new FakeHost();
  return { host, ports: new HostPorts({ holder: host, ephemeral: { first: 40000, last: 40002 } }) };
}

describe("HostPorts", () => {
  test("holds what it gives, until it is released", () => {
    const { host, ports } = make();
    expect(ports.allocate("a", [wanted(8080)])).toEqual([tcp(8080, "0.0.0.0")]);
    expect([...host.held]).toEqual(["tcp 0.0.0.0:8080"]);
    ports.release("a");
    ports.release("a");
    expect(host.held.size).toBe(0);
    ports.allocate("b", [wanted(8080)]);
  });

  test("of a range the first free one is given, to each owner another", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:8081", 98);
    const range = { ...wanted(8080), lastHostPort: 8082 };
    expect(ports.allocate("a", [range])).toEqual([tcp(8080, "0.0.0.0")]);
    expect(ports.allocate("b", [range])).toEqual([tcp(8082, "0.0.0.0")]);
    expect(() => ports.allocate("c", [range])).toThrow("all ports are allocated");
    ports.release("a");
    expect(ports.allocate("c", [range])).toEqual([tcp(8080, "0.0.0.0")]);
  });

  test("all or nothing", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:8081", 98);
    expect(() => ports.allocate("a", [wanted(8080), wanted(8081)])).toThrow();
    expect(host.held.size).toBe(0);
    ports.allocate("a", [wanted(8080)]);
  });

  test.each([
    ["0.0.0.0", "0.0.0.0"],
    ["0.0.0.0", "127.0.0.1"],
    ["127.0.0.1", "0.0.0.0"],
    ["127.0.0.1", "127.0.0.1"],
  ])("a port at %s excludes one at %s", (first, second) => {
    const { ports } = make();
    ports.allocate("a", [wanted(8080, first)]);
    const again = (): unknown => ports.allocate("b", [wanted(8080, second)]);
    expect(again).toThrow(`Bind for ${second}:8080 failed: port is already allocated`);
  });

  test("other addresses and protocols go together", () => {
    const { host, ports } = make();
    ports.allocate("a", [wanted(8080, "127.0.0.1"), wanted(8080, "127.0.0.2")]);
    ports.allocate("b", [{ ...wanted(8080), protocol: "udp" }]);
    expect(host.held.size).toBe(3);
  });

  test("a host program in the way, in Docker's words", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:80", 98).set("tcp 9.9.9.9:80", 99);
    expect(() => ports.allocate("a", [wanted(80)])).toThrow(
      "failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use",
    );
    expect(() => ports.allocate("a", [wanted(80, "9.9.9.9")])).toThrow(
      "failed to bind host port for 9.9.9.9:80:172.17.0.2:80/tcp: cannot assign requested address",
    );
  });

  test("ephemeral ports rest after use, and skip those taken", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:40001", 98);
    expect(ports.allocate("a", [wanted(0)])).toEqual([tcp(40000, "0.0.0.0")]);
    ports.release("a");
    expect(ports.allocate("a", [wanted(0)])).toEqual([tcp(40002, "0.0.0.0")]);
    expect(ports.allocate("b", [wanted(0)])).toEqual([tcp(40000, "0.0.0.0")]);
    expect(() => ports.allocate("c", [wanted(0)])).toThrow("all ports are allocated");
  });

  test("both families get one port, or neither", () => {
    const { host, ports } = make();
    host.occupied.set("tcp :::40000", 98).set("tcp :::80", 98);
    const both = (port: number): PortPublication[] => [tcp(port, "0.0.0.0"), tcp(port, "::")];
    expect(ports.allocate("a", [dual(0)])).toEqual(both(40001));
    expect(() => ports.allocate("b", [dual(80)])).toThrow(
      "failed to bind host port for [::]:80:[fd00::2]:80/tcp: address already in use",
    );
    expect(ports.allocate("c", [dual(8080)])).toEqual(both(8080));
    expect(host.relayed).toEqual(["tcp :::40001 fd00::2 80", "tcp :::8080 fd00::2 80"]);
    expect(() => ports.allocate("d", [wanted(8080, "::1")])).toThrow("Bind for ::1:8080 failed");
    expect(() => ports.allocate("d", [wanted(8080)])).toThrow("Bind for 0.0.0.0:8080 failed");
    expect(host.held.size).toBe(4);
  });

  test("families do without one another", () => {
    const { host, ports } = make();
    host.occupied.set("tcp :::80", 97);
    expect(ports.allocate("a", [dual(80)])).toEqual([tcp(80, "0.0.0.0")]);
    expect(() => ports.allocate("b", [wanted(80, "::")])).toThrow("address family not supported by protocol");
    expect(ports.allocate("c", [wanted(81)])).toEqual([tcp(81, "0.0.0.0")]);
    expect(ports.allocate("d", [wanted(81, "::")])).toEqual([tcp(81, "::")]);
  });

  test("restores an earlier run's ports and tells those lost to others", () => {
    const { host, ports } = make();
    host.occupied.set("tcp 0.0.0.0:81", 98);
    const lost = (port: number) => ({ ...tcp(port, "0.0.0.0"), target: "172.17.0.2" });
    expect(ports.restore("a", [lost(80), lost(81)])).toEqual([lost(81)]);
    expect(() => ports.allocate("b", [wanted(81)])).toThrow("port is already allocated");
  });
});

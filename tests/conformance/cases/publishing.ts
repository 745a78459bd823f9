import { expect, test } from "bun:test";
import type { Target } from "../target.ts";

/** What `-p` and `-P` publish. */
export function publishingCases(target: () => Target): void {
  const published = async (name: string): Promise<readonly string[]> => {
    const bindings = await target().ok(["port", name]);
    // On IPv6 too, where the machine has it, under another port with dockerd 20.10.
    return bindings.split("\n").filter((line) => line !== "" && !line.includes("["));
  };

  test("of a range of host ports each container gets the first free one", async () => {
    const engine = target();
    for (const [name, port] of [
      ["first", 18100],
      ["second", 18101],
    ] as const) {
      await engine.ok(["run", "-d", "--name", name, "-p", "18100-18101:80", "busybox", "sleep", "60"]);
      expect(await published(name)).toEqual([`80/tcp -> 0.0.0.0:${port}`]);
    }
    expect(await engine.ok(["inspect", "-f", "{{json .HostConfig.PortBindings}}", "first"])).toBe(
      '{"80/tcp":[{"HostIp":"","HostPort":"18100-18101"}]}\n',
    );
    const full = await engine.run(["run", "-d", "--name", "third", "-p", "18100-18101:80", "busybox", "sleep", "60"]);
    expect(full.code).toBe(125);
    expect(full.stderr).toContain("driver failed programming external connectivity on endpoint third");
    expect(full.stderr).toContain("all ports are allocated");
    await engine.ok(["rm", "-f", "first", "second", "third"]);
  });

  test("equal ranges are published port by port, others are refused", async () => {
    const engine = target();
    await engine.ok(["run", "-d", "--name", "ports", "-p", "127.0.0.1:18110-18112:90-92", "busybox", "sleep", "60"]);
    expect(await published("ports")).toEqual([
      "90/tcp -> 127.0.0.1:18110",
      "91/tcp -> 127.0.0.1:18111",
      "92/tcp -> 127.0.0.1:18112",
    ]);
    await engine.ok(["rm", "-f", "ports"]);
    const refused = await engine.run(["create", "-p", "18110-18112:90-91", "busybox"]);
    expect(refused.code).toBeGreaterThan(0);
    expect(refused.stderr).toContain("invalid ranges specified for container and host Ports: 90-91 and 18110-18112");
  });

  test("-P publishes all that is exposed, ranges and UDP too", async () => {
    const engine = target();
    const exposed = ["--expose", "70-72", "--expose", "53/udp"];
    await engine.ok(["run", "-d", "--name", "ports", "-P", ...exposed, "busybox", "sleep", "60"]);
    const lines = (await published("ports")).map((line) => line.replace(/:\d+$/u, ""));
    expect(lines).toEqual(["53/udp -> 0.0.0.0", "70/tcp -> 0.0.0.0", "71/tcp -> 0.0.0.0", "72/tcp -> 0.0.0.0"]);
    await engine.ok(["rm", "-f", "ports"]);
  });

  test("in the host's network there is nothing to publish, which a warning tells", async () => {
    const engine = target();
    const made = await engine.run(["create", "--name", "ports", "--network", "host", "-p", "18120:80", "busybox"]);
    expect(made).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^WARNING: Published ports are discarded when using host network mode\n$/u),
    });
    await engine.ok(["rm", "ports"]);
  });
}

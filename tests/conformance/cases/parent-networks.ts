import { expect, test } from "bun:test";
import type { Target } from "../target.ts";

/** macvlan and ipvlan; the parent is the default bridge's interface, which every engine has, with a port to give it carrier. */
export function parentNetworkCases(target: () => Target): void {
  const parent = async (): Promise<string> => {
    await target().ok(["run", "-d", "busybox", "sleep", "99"]);
    const shown = '{{index .Options "com.docker.network.bridge.name"}}';
    return (await target().ok(["network", "inspect", "-f", shown, "bridge"])).trim();
  };
  const create = (driver: string, name: string, ...flags: readonly string[]) =>
    target().run(["network", "create", "-d", driver, ...flags, name]);

  test("a macvlan network: created, inspected, used, removed", async () => {
    const over = `parent=${await parent()}`;
    const addresses = ["--subnet", "10.79.0.0/24", "--gateway", "10.79.0.9", "--ip-range", "10.79.0.64/26"];
    expect((await create("macvlan", "mac", "-o", over, ...addresses)).code).toBe(0);
    const [network] = JSON.parse(await target().ok(["network", "inspect", "mac"])) as [Record<string, unknown>];
    expect(network).toMatchObject({
      Driver: "macvlan",
      Internal: false,
      IPAM: { Config: [{ Subnet: "10.79.0.0/24", IPRange: "10.79.0.64/26", Gateway: "10.79.0.9" }] },
      Options: { parent: over.slice("parent=".length) },
    });
    expect(await target().ok(["network", "ls", "--filter", "driver=macvlan", "--format", "{{.Name}} {{.Scope}}"])).toBe(
      "mac local\n",
    );
    const flags = ["-d", "--network", "mac", "-p", "8099:80"];
    await target().ok(["run", "--name", "web", "--ip", "10.79.0.70", ...flags, "busybox", "sleep", "99"]);
    const shown =
      '{{json (index .NetworkSettings.Ports "80/tcp")}} {{with .NetworkSettings.Networks.mac}}{{.IPAddress}} {{.Gateway}}{{end}}';
    expect(await target().ok(["inspect", "-f", shown, "web"])).toBe("null 10.79.0.70 10.79.0.9\n");
    expect(await target().ok(["exec", "web", "ip", "route"])).toContain("default via 10.79.0.9 dev eth0");
    const other = ["run", "--rm", "--network", "mac", "busybox", "ping", "-c", "1", "-W", "5", "web"];
    expect(await target().ok(other)).toContain("1 packets received");
    const busy = await target().run(["network", "rm", "mac"]);
    expect(busy).toMatchObject({ code: 1, stderr: expect.stringContaining("has active endpoints") });
    await target().ok(["rm", "-f", "web"]);
    await target().ok(["network", "rm", "mac"]);
  });

  test("passthru is one container's", async () => {
    const over = `parent=${await parent()}`;
    expect(
      (await create("macvlan", "mac", "-o", over, "-o", "macvlan_mode=passthru", "--subnet", "10.79.0.0/24")).code,
    ).toBe(0);
    const taken = await create("macvlan", "more", "-o", over, "--subnet", "10.80.0.0/24");
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining("is already using parent interface") });
    await target().ok(["run", "-d", "--name", "web", "--network", "mac", "busybox", "sleep", "99"]);
    const refused = await target().run(["run", "--rm", "--network", "mac", "busybox", "true"]);
    expect(refused).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("failed to create the macvlan port: "),
    });
    await target().ok(["rm", "-f", "web"]);
    await target().ok(["network", "rm", "mac"]);
  });

  test.each([
    ["macvlan", "parent=lo", "loopback interface is not a valid macvlan parent link"],
    ["macvlan", "parent=nosuch0", "invalid subinterface vlan name nosuch0, example formatting is eth0.10"],
    [
      "macvlan",
      "macvlan_mode=x",
      "requested macvlan mode 'x' is not valid, 'bridge' mode is the macvlan driver default",
    ],
    ["ipvlan", "ipvlan_mode=x", "requested ipvlan mode 'x' is not valid, 'l2' mode is the ipvlan driver default"],
    ["ipvlan", "parent=lo", "loopback interface is not a valid ipvlan parent link"],
  ])("%s with %s is refused", async (driver, option, message) => {
    const { code, stderr } = await create(driver, "bad", "-o", option, "--subnet", "10.79.0.0/24");
    expect({ code, stderr }).toEqual({ code: 1, stderr: `Error response from daemon: ${message}\n` });
  });
}

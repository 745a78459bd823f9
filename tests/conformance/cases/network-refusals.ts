import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Target } from "../target.ts";

/** `former`: what 20.10 answers where that is another. */
type Answer = readonly [status: number, message: RegExp, former?: number];

/** What is refused of networks, addresses and ports: the status, and the words as far as versions agree. */
export function networkRefusalCases(target: () => Target): void {
  const ask = async (path: string, body?: unknown): Promise<{ readonly status: number; readonly message: string }> => {
    const { status, text } = await target().api("POST", path, body);
    const message = status < 400 ? "" : (JSON.parse(text) as { message: string }).message.trim();
    return { status, message };
  };
  const network = (Name: string, config: readonly object[], more: object = {}) =>
    ask("/networks/create", { Name, IPAM: { Config: config }, ...more });

  const expectRefusal = (
    seen: { readonly status: number; readonly message: string },
    [status, message, former = status]: Answer,
  ): void => {
    const expected = target().engine.kind === "dockerd" ? former : status;
    expect(seen).toEqual({ status: expected, message: expect.stringMatching(message) });
  };

  describe("refused of networks", () => {
    beforeAll(async () => {
      const config = [{ Subnet: "10.77.0.0/24" }, { Subnet: "fd77::/64" }];
      expect(await network("there", config, { EnableIPv6: true })).toEqual({ status: 201, message: "" });
      expect(await network("full", [{ Subnet: "10.78.0.0/30" }])).toEqual({ status: 201, message: "" });
      expect(await network("plain", [])).toEqual({ status: 201, message: "" });
    });
    afterAll(async () => {
      for (const name of ["there", "full", "plain"]) await target().api("DELETE", `/networks/${name}`);
    });

    test.each<readonly [string, readonly object[], object, Answer]>([
      [
        "a subnet that another network has",
        [{ Subnet: "10.77.0.128/25" }],
        {},
        [403, /Pool overlaps with other one on this address space/],
      ],
      [
        "an IPv6 subnet that another network has",
        [{ Subnet: "10.79.0.0/24" }, { Subnet: "fd77::/80" }],
        { EnableIPv6: true },
        [403, /Pool overlaps with other one on this address space/],
      ],
      ["a subnet that is none", [{ Subnet: "10.79.0/24" }], {}, [400, /10\.79\.0\/24/, 500]],
      [
        "a gateway outside of its subnet",
        [{ Subnet: "10.79.0.0/24", Gateway: "10.80.0.1" }],
        {},
        [400, /10\.80\.0\.1/, 500],
      ],
      [
        "two IPv6 subnets",
        [{ Subnet: "10.79.0.0/24" }, { Subnet: "fd79::/64" }, { Subnet: "fd78::/64" }],
        { EnableIPv6: true },
        [403, /doesn't support multiple subnets/],
      ],
      ["an address plan's driver that is not there", [], { IPAM: { Driver: "nosuch" } }, [404, /nosuch/]],
      [
        "an MTU that is none",
        [],
        { Options: { "com.docker.network.driver.mtu": "x" } },
        [400, /failed to parse com\.docker\.network\.driver\.mtu value: x/, 500],
      ],
      [
        "a switch that is none",
        [],
        { Options: { "com.docker.network.bridge.enable_icc": "x" } },
        [400, /failed to parse com\.docker\.network\.bridge\.enable_icc value: x/, 500],
      ],
      ["a driver that is not there", [], { Driver: "nosuch" }, [404, /plugin "nosuch" not found/]],
      ["the driver of a network that is there already", [], { Driver: "host" }, [403, /only one instance of "host"/]],
      [
        "an auxiliary address outside of its subnet",
        [{ Subnet: "10.79.0.0/24", AuxiliaryAddresses: { x: "10.80.0.1" } }],
        {},
        [400, /invalid auxiliary address x|auxiliary address: \(x:10\.80\.0\.1\)/, 403],
      ],
    ])("%s", async (_, config, more, answer) => {
      expectRefusal(await network("refused", config, more), answer);
    });

    test.each(["../up", "a/b", "/", ".", "-x", "a\u0000b", "a b"])("no name, though odd: %j", async (name) => {
      const { status, text } = await target().api("POST", "/networks/create", { Name: name });
      expect(status).toBe(201);
      const { Id } = JSON.parse(text) as { readonly Id: string };
      const shown = await target().api("GET", `/networks/${Id}`);
      expect(JSON.parse(shown.text)).toMatchObject({ Id, Name: name });
      expect((await target().api("DELETE", `/networks/${Id}`)).status).toBe(204);
    });

    test.each(["", " ", "\t"])("an empty name: %j", async (name) => {
      expectRefusal(await ask("/networks/create", { Name: name }), [400, /name/, 500]);
    });

    test.each(["nosuch", "no%00such"])("to remove %j, which is not there", async (name) => {
      const { status, text } = await target().api("DELETE", `/networks/${name}`);
      expect({ status, text }).toEqual({ status: 404, text: expect.stringMatching(/not found/) });
    });

    /** Created, and started if that goes well. */
    const run = async (
      name: string,
      settings: object,
      hostConfig: object,
    ): Promise<{ readonly status: number; readonly message: string }> => {
      const body = { Image: "busybox", Cmd: ["sleep", "99"], HostConfig: hostConfig, ...settings };
      const created = await ask(`/containers/create?name=${name}`, body);
      return created.status === 201 ? ask(`/containers/${name}/start`) : created;
    };
    const inNetwork = (name: string, IPAMConfig: object = {}) => ({
      NetworkingConfig: { EndpointsConfig: { [name]: { IPAMConfig } } },
    });

    test.each<readonly [string, string, object, Answer]>([
      ["an address outside of the network", "there", { IPv4Address: "10.80.0.5" }, [400, /10\.80\.0\.5/, 500]],
      ["an IPv6 address outside of the network", "there", { IPv6Address: "fd80::5" }, [400, /fd80::5/, 500]],
      [
        "an address in a network whose subnet nobody gave",
        "plain",
        { IPv4Address: "172.18.0.9" },
        [400, /user configured subnets/],
      ],
      ["the gateway's address", "there", { IPv4Address: "10.77.0.1" }, [403, /Address already in use/]],
      ["the gateway's IPv6 address", "there", { IPv6Address: "fd77::1" }, [403, /Address already in use/]],
      ["what is no address", "there", { IPv4Address: "10.77.0" }, [400, /10\.77\.0/]],
    ])("%s", async (_, name, config, answer) => {
      expectRefusal(await run("refused", inNetwork(name, config), { NetworkMode: name }), answer);
      await target().api("DELETE", "/containers/refused?force=1");
    });

    test("an address that is taken, and one where none is left", async () => {
      const config = { IPv4Address: "10.77.0.9", IPv6Address: "fd77::9" };
      expect(await run("first", inNetwork("there", config), { NetworkMode: "there" })).toMatchObject({ status: 204 });
      for (const taken of [{ IPv4Address: "10.77.0.9" }, { IPv6Address: "fd77::9" }]) {
        expectRefusal(await run("second", inNetwork("there", taken), { NetworkMode: "there" }), [
          403,
          /Address already in use/,
        ]);
        await target().api("DELETE", "/containers/second?force=1");
      }
      expect(await run("only", inNetwork("full"), { NetworkMode: "full" })).toMatchObject({ status: 204 });
      expectRefusal(await run("second", inNetwork("full"), { NetworkMode: "full" }), [
        500,
        /no available IPv4 addresses on this network's address pools: full \([0-9a-f]{64}\)$/,
      ]);
    });

    test("a port that another container has", async () => {
      const ports = { PortBindings: { "80/tcp": [{ HostPort: "18190" }] } };
      expect(await run("first", { ExposedPorts: { "80/tcp": {} } }, ports)).toMatchObject({ status: 204 });
      expectRefusal(await run("second", { ExposedPorts: { "80/tcp": {} } }, ports), [
        500,
        /driver failed programming external connectivity on endpoint second \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:18190 failed: port is already allocated/,
      ]);
    });

    test("a port that a program of the host has", async () => {
      const ports = {
        PortBindings: {
          "80/tcp": [{ HostIp: "127.0.0.1", HostPort: new URL(`http://${target().registry}`).port }],
        },
      };
      expectRefusal(await run("second", { ExposedPorts: { "80/tcp": {} } }, ports), [
        500,
        /driver failed programming external connectivity on endpoint second .*address already in use/,
      ]);
    });
  });
}

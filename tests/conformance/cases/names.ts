import { expect, test } from "bun:test";
import type { Target } from "../target.ts";

/** How containers find each other by name in networks that people make. */
export function nameCases(target: () => Target): void {
  const make = async (name: string): Promise<void> => {
    expect((await target().api("POST", "/networks/create", { Name: name, CheckDuplicate: true })).status).toBe(201);
  };
  const remove = async (...names: readonly string[]): Promise<void> => {
    const ids = (await target().ok(["ps", "-aq"])).split("\n").filter((id) => id !== "");
    if (ids.length > 0) await target().ok(["rm", "-f", ...ids]);
    for (const name of names) expect((await target().api("DELETE", `/networks/${name}`)).status).toBe(204);
  };
  const start = (name: string, network: string, ...flags: readonly string[]): Promise<string> =>
    target().ok(["run", "-d", "--name", name, "--network", network, ...flags, "busybox", "sleep", "1000"]);
  const shell = (name: string, line: string): Promise<string> => target().ok(["exec", name, "sh", "-c", line]);
  const address = async (container: string, network: string): Promise<string> =>
    (
      await target().ok(["inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, container])
    ).trim();

  test("nslookup and ping by name, alias and short id", async () => {
    await make("named");
    await start("web", "named", "--network-alias", "site", "--network-alias", "WWW");
    await start("client", "named");
    const web = await address("web", "named");
    const id = (await target().ok(["inspect", "-f", "{{.Id}}", "web"])).slice(0, 12);
    for (const name of ["web", "site", "WWW", "web.named", id]) {
      expect(await shell("client", `nslookup -type=a ${name} | grep -c 'Address: ${web}'`)).toBe("1\n");
      expect(await shell("client", `ping -c 1 ${name} | head -1`)).toBe(`PING ${name} (${web}): 56 data bytes\n`);
    }
    expect(await shell("client", `nslookup ${web} | grep name`)).toBe(
      `${web.split(".").toReversed().join(".")}.in-addr.arpa\tname = web.named\n`,
    );
    expect(await shell("client", "nslookup -type=aaaa web | tail -n +3; echo $?")).not.toContain("can't find");
    await remove("named");
  });

  test("/etc/resolv.conf names the engine's server, with what was asked for", async () => {
    await make("named");
    const flags = ["--dns", "192.0.2.1", "--dns-search", "a.example", "--dns-option", "timeout:1"];
    await start("web", "named", ...flags);
    await start("dots", "named", "--dns-option", "ndots:3");
    const text = (name: string): Promise<string> => shell(name, "grep -v '^#' /etc/resolv.conf | grep . | sort");
    expect(await text("web")).toBe("nameserver 127.0.0.11\noptions timeout:1 ndots:0\nsearch a.example\n");
    expect(await text("dots")).toContain("options ndots:3\n");
    await remove("named");
  });

  test("a link is a name for one container alone", async () => {
    await make("named");
    await make("other");
    await start("web", "named", "--dns", "127.0.0.1");
    await start(
      "client",
      "named",
      "--dns",
      "127.0.0.1",
      "--link",
      "web:site",
      "--link",
      "web",
      "--link",
      "nobody:gone",
    );
    const finds = async (who: string, name: string): Promise<boolean> =>
      (await target().run(["exec", who, "ping", "-c", "1", name])).code === 0;
    const found: boolean[] = [];
    for (const name of ["site", "site.named", "web"]) found.push(await finds("client", name));
    expect(found).toEqual([true, true, true]);
    expect(await finds("web", "site")).toBe(false);
    expect(await target().ok(["inspect", "-f", "{{json .NetworkSettings.Networks.named.Links}}", "client"])).toBe(
      '["web:site","web","nobody:gone"]\n',
    );
    await target().ok(["network", "connect", "--link", "web:here", "other", "client"]);
    await target().ok(["network", "connect", "other", "web"]);
    expect(await finds("client", "here")).toBe(true);
    await remove("named", "other");
  });

  test("several containers with one alias take turns", async () => {
    await make("named");
    await start("one", "named", "--network-alias", "both");
    await start("two", "named", "--network-alias", "both");
    const addresses = await Promise.all(["one", "two"].map((name) => address(name, "named")));
    const found = await shell("one", "nslookup -type=a both | grep -o 'Address: [0-9.]*$' | sort");
    expect(found).toBe(
      addresses
        .map((one) => `Address: ${one}\n`)
        .toSorted()
        .join(""),
    );
    await remove("named");
  });

  test("names end at the network's edge, and come and go with it", async () => {
    await make("here");
    await make("there");
    await start("web", "here", "--dns", "127.0.0.1");
    await start("db", "there", "--dns", "127.0.0.1");
    const finds = async (): Promise<boolean> =>
      (await target().run(["exec", "web", "ping", "-c", "1", "db"])).code === 0;
    expect(await finds()).toBe(false);
    const request = { Container: "web", EndpointConfig: { Aliases: ["front"] } };
    expect((await target().api("POST", "/networks/there/connect", request)).status).toBe(200);
    expect(await finds()).toBe(true);
    expect(await shell("db", "ping -c 1 front | head -1")).toContain(await address("web", "there"));
    expect((await target().api("POST", "/networks/there/disconnect", { Container: "web" })).status).toBe(200);
    expect(await finds()).toBe(false);
    await remove("here", "there");
  });

  test("a container of the default network has names with its first network", async () => {
    await make("named");
    await start("late", "bridge");
    expect(await shell("late", "grep -c 127.0.0.11 /etc/resolv.conf || true")).toBe("0\n");
    expect((await target().api("POST", "/networks/named/connect", { Container: "late" })).status).toBe(200);
    expect(await shell("late", "grep ^nameserver /etc/resolv.conf")).toBe("nameserver 127.0.0.11\n");
    expect(await shell("late", "ping -c 1 late | head -1")).toContain(await address("late", "named"));
    await remove("named");
  });
}

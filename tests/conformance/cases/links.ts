import { expect, test } from "bun:test";
import { fieldTable, refusalTable, type FieldRow, type RefusalRow } from "../field-table.ts";
import type { Target } from "../target.ts";

const names: readonly FieldRow[] = [
  {
    name: "--add-host, host-gateway too",
    flags: ["--add-host", "a:1.2.3.4", "--add-host", "b=::1", "--add-host", "gw:host-gateway"],
    inspect: ["{{len .HostConfig.ExtraHosts}}", "3\n"],
    line: "grep -E '[[:space:]](a|b)$' /etc/hosts; test $(awk '$2==\"gw\"{print $1}' /etc/hosts) = $(ip route | awk '/default/{print $3}') && echo gateway",
    prints: "1.2.3.4\ta\n::1\tb\ngateway\n",
  },
  ...["host", "none"].map((network): FieldRow => ({
    name: `--add-host host-gateway in the network ${network}`,
    flags: ["--network", network, "--add-host", "gw:host-gateway"],
    line: "grep -cE '^[0-9.]+[[:space:]]gw$' /etc/hosts",
    prints: "1\n",
  })),
  {
    name: "a host name with a domain is also known by its first part",
    flags: ["--hostname", "a.b", "--domainname", "example.org"],
    inspect: ["{{.Config.Hostname}} {{.Config.Domainname}}", "a.b example.org\n"],
    line: "hostname; cat /proc/sys/kernel/domainname; tail -1 /etc/hosts | cut -f2",
    prints: "a.b\nexample.org\na.b.example.org a\n",
  },
  {
    name: "--dns, --dns-option, --dns-search",
    flags: [
      "--dns",
      "192.0.2.1",
      "--dns",
      "192.0.2.2",
      "--dns-option",
      "ndots:3",
      "--dns-opt",
      "timeout:1",
      "--dns-search",
      "a.b",
      "--dns-search",
      "c.d",
    ],
    inspect: [
      "{{.HostConfig.Dns}} {{.HostConfig.DnsOptions}} {{.HostConfig.DnsSearch}}",
      "[192.0.2.1 192.0.2.2] [ndots:3 timeout:1] [a.b c.d]\n",
    ],
    line: "grep -E '^(nameserver|search|options)' /etc/resolv.conf | sort",
    prints: "nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions ndots:3 timeout:1\nsearch a.b c.d\n",
  },
  {
    name: "--dns-search . means none",
    flags: ["--dns-search", "."],
    line: "grep -c ^search /etc/resolv.conf || true",
    prints: "0\n",
  },
];

const refusals: readonly RefusalRow[] = [
  {
    name: "a link to nobody",
    flags: ["--link", "nobody"],
    says: "could not get container for nobody: No such container: nobody",
  },
  {
    name: "a link from the host's network",
    flags: ["--network", "host", "--link", "nobody"],
    says: "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
  },
];

/** Names of hosts: --link, --add-host, --dns and their kin. */
export function linkCases(target: () => Target): void {
  fieldTable(target, names);
  refusalTable(target, refusals);

  const addressOf = async (name: string): Promise<string> =>
    (await target().ok(["inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", name])).trim();

  test("--link sets variables and host names", async () => {
    const engine = target();
    const ports = ["--expose", "5432", "--expose", "80/udp", "--expose", "100-102"];
    await engine.ok([
      "run",
      "-d",
      "--name",
      "db",
      "--hostname",
      "dbhost",
      ...ports,
      "-e",
      "A=x=y",
      "busybox",
      "sleep",
      "60",
    ]);
    const address = await addressOf("db");
    await engine.ok([
      "create",
      "--name",
      "web",
      "--link",
      "db:my-db",
      "-e",
      "MY_DB_PORT_80_UDP_PROTO=mine",
      "busybox",
      "sh",
      "-c",
      "env | grep MY_DB | sort; grep my-db /etc/hosts",
    ]);
    expect(await engine.ok(["inspect", "-f", "{{json .HostConfig.Links}}", "web"])).toBe('["/db:/web/my-db"]\n');
    const printed = (await engine.ok(["start", "-a", "web"])).replaceAll(address, "IP");
    expect(printed).toBe(`MY_DB_ENV_A=x=y
MY_DB_NAME=/web/my-db
MY_DB_PORT=udp://IP:80
MY_DB_PORT_100_TCP=tcp://IP:100
MY_DB_PORT_100_TCP_ADDR=IP
MY_DB_PORT_100_TCP_END=tcp://IP:102
MY_DB_PORT_100_TCP_PORT=100
MY_DB_PORT_100_TCP_PORT_END=102
MY_DB_PORT_100_TCP_PORT_START=100
MY_DB_PORT_100_TCP_PROTO=tcp
MY_DB_PORT_100_TCP_START=tcp://IP:100
MY_DB_PORT_101_TCP=tcp://IP:101
MY_DB_PORT_101_TCP_ADDR=IP
MY_DB_PORT_101_TCP_PORT=101
MY_DB_PORT_101_TCP_PROTO=tcp
MY_DB_PORT_102_TCP=tcp://IP:102
MY_DB_PORT_102_TCP_ADDR=IP
MY_DB_PORT_102_TCP_PORT=102
MY_DB_PORT_102_TCP_PROTO=tcp
MY_DB_PORT_5432_TCP=tcp://IP:5432
MY_DB_PORT_5432_TCP_ADDR=IP
MY_DB_PORT_5432_TCP_PORT=5432
MY_DB_PORT_5432_TCP_PROTO=tcp
MY_DB_PORT_80_UDP=udp://IP:80
MY_DB_PORT_80_UDP_ADDR=IP
MY_DB_PORT_80_UDP_PORT=80
MY_DB_PORT_80_UDP_PROTO=mine
IP\tmy-db dbhost db
`);
    await engine.ok(["rm", "-f", "db", "web"]);
  });

  test("a link is a name of the container it leads to, follows renames, and can be removed", async () => {
    const engine = target();
    await engine.ok(["run", "-d", "--name", "db", "busybox", "sleep", "60"]);
    await engine.ok(["run", "-d", "--name", "web", "--link", "db:data", "busybox", "sleep", "60"]);
    expect(await engine.ok(["exec", "web", "sh", "-c", "echo $DATA_NAME"])).toBe("/web/data\n");
    expect(await engine.ok(["inspect", "-f", "{{.Name}}", "web/data"])).toBe("/db\n");
    expect(await engine.ok(["exec", "web/data", "echo", "there"])).toBe("there\n");
    expect(await engine.ok(["ps", "--no-trunc", "--format", "{{.Names}}"])).toBe("web\ndb,web/data\n");
    await engine.ok(["rename", "db", "store"]);
    await engine.ok(["rename", "web", "shop"]);
    expect(await engine.ok(["inspect", "-f", "{{json .HostConfig.Links}}", "shop"])).toBe('["/store:/shop/data"]\n');
    expect((await engine.run(["rm", "--link", "shop/nothing"])).stderr).toContain("No such container: shop/nothing");
    expect((await engine.run(["rm", "--link", "shop"])).stderr).toContain(
      "Conflict, cannot remove the default link name of the container",
    );
    await engine.ok(["rm", "--link", "shop/data"]);
    expect(await engine.ok(["inspect", "-f", "{{json .HostConfig.Links}}", "shop"])).toBe("null\n");
    await engine.ok(["rm", "-f", "store", "shop"]);
  });

  test("who is linked to a container hears of its new address", async () => {
    const engine = target();
    await engine.ok(["run", "-d", "--name", "db", "busybox", "sleep", "60"]);
    await engine.ok(["run", "-d", "--name", "web", "--link", "db", "busybox", "sleep", "60"]);
    await engine.ok([
      "exec",
      "web",
      "sh",
      "-c",
      "sed 's/^.*[[:space:]]db /192.0.2.9\tdb /' /etc/hosts >/tmp/h && cat /tmp/h >/etc/hosts",
    ]);
    await engine.ok(["stop", "-t", "0", "db"]);
    await engine.ok(["start", "db"]);
    const line = await engine.ok(["exec", "web", "grep", "-w", "db", "/etc/hosts"]);
    expect(line.split("\t")[0]).toBe(await addressOf("db"));
    await engine.ok(["rm", "-f", "db", "web"]);
  });

  test("only running containers of the default network can be linked to", async () => {
    const engine = target();
    await engine.ok(["create", "--name", "db", "busybox"]);
    const resting = await engine.run(["run", "--name", "web", "--link", "db", "busybox", "true"]);
    expect(resting.code).toBe(125);
    expect(resting.stderr).toContain("Cannot link to a non running container: /db AS /web/db");
    await engine.ok(["run", "-d", "--name", "apart", "--network", "none", "busybox", "sleep", "60"]);
    const apart = await engine.run(["run", "--name", "web2", "--link", "apart", "busybox", "true"]);
    expect(apart.code).toBe(125);
    expect(apart.stderr).toContain("Cannot link to /apart, as it does not belong to the default network");
    await engine.ok(["rm", "-f", "db", "web", "web2", "apart"]);
  });
}

import { expect, test } from "bun:test";
import type { Target } from "../target.ts";

/** `network …`, and joining networks from `run`. */
export function networkCommandCases(target: () => Target): void {
  const ok = (...args: string[]): Promise<string> => target().ok(args);

  test("network create, ls, inspect and rm", async () => {
    const created = await ok(
      ...["network", "create", "--subnet", "10.78.0.0/24", "--ip-range", "10.78.0.128/25", "--gateway", "10.78.0.3"],
      ...["--aux-address", "host=10.78.0.200", "--label", "a=b", "--internal", "--attachable", "cmd-net"],
    );
    expect(created).toMatch(/^[0-9a-f]{64}\n$/);
    const id = created.trim();
    const listed = (...flags: string[]): Promise<string> => ok("network", "ls", "-f", "name=cmd-net", ...flags);
    expect(await listed()).toBe(
      `NETWORK ID     NAME      DRIVER    SCOPE\n${id.slice(0, 12)}   cmd-net   bridge    local\n`,
    );
    expect(await listed("-q")).toBe(`${id.slice(0, 12)}\n`);
    expect(await listed("-q", "--no-trunc")).toBe(created);
    expect(await listed("--format", '{{.Name}} {{.Internal}} {{.IPv6}} {{.Labels}} {{.Label "a"}}')).toBe(
      "cmd-net true false a=b b\n",
    );
    expect(await ok("network", "ls", "-f", "label=a=b", "--format", "{{.Name}}")).toBe("cmd-net\n");
    const named = (...filters: string[]): Promise<string> =>
      ok("network", "ls", "--format", "{{.Name}}", ...filters.flatMap((filter) => ["-f", filter]));
    expect(await named("name=^cmd-.et$")).toBe("cmd-net\n");
    expect(await named("name=^md-net$")).toBe("");
    expect(await named("name=md-n", "driver=bridge", "scope=local", "dangling=true")).toBe("cmd-net\n");
    expect(await named("name=cmd-net", "name=^none$", "type=builtin")).toBe("none\n");
    expect(await named(`id=${id.slice(0, 12)}`)).toBe("cmd-net\n");
    expect(await named(`id=${id.slice(20)}$`)).toBe("cmd-net\n");
    expect(await named("dangling=false", "driver=host")).toBe("host\n");
    const pool = "{{with index .IPAM.Config 0}}{{.Subnet}} {{.IPRange}} {{.Gateway}}{{end}}";
    expect(await ok("network", "inspect", "-f", `{{.Id}} {{.Attachable}} ${pool}`, "cmd-net")).toBe(
      `${id} true 10.78.0.0/24 10.78.0.128/25 10.78.0.3\n`,
    );
    expect(await ok("inspect", "-f", "{{.Name}} {{.Driver}}", id.slice(0, 12))).toBe("cmd-net bridge\n");
    expect(await ok("inspect", "--type", "network", "-f", "{{.Scope}}", "cmd-net")).toBe("local\n");
    expect(await ok("network", "rm", id.slice(0, 12))).toBe(`${id.slice(0, 12)}\n`);
    expect(await ok("network", "rm", "-f", "cmd-net")).toBe("");
    const gone = await target().run(["network", "rm", "cmd-net"]);
    expect(gone.code).toBe(1);
    expect(gone.stderr.toLowerCase()).toMatch(/network cmd-net not found|no such network: cmd-net/);
    expect(gone.stderr).toEndWith("exit status 1\n");
  });

  test("network create refuses a name that is taken and a driver that is not there", async () => {
    await ok("network", "create", "taken");
    const again = await target().run(["network", "create", "taken"]);
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toBe("Error response from daemon: network with name taken already exists\n");
    const driver = await target().run(["network", "create", "-d", "nosuch", "other"]);
    expect(driver.code).toBe(1);
    expect(driver.stderr).toContain('plugin "nosuch" not found');
    await ok("network", "rm", "taken");
  });

  test("network connect with address and alias, and disconnect", async () => {
    await ok("network", "create", "--subnet", "10.79.0.0/24", "joined");
    await ok("run", "-d", "--name", "member", "busybox", "sleep", "100");
    expect(
      await ok("network", "connect", "--ip", "10.79.0.77", "--alias", "nick", "--alias", "other", "joined", "member"),
    ).toBe("");
    const endpoint = '{{with index .NetworkSettings.Networks "joined"}}{{.IPAddress}}{{end}}';
    expect(await ok("inspect", "-f", endpoint, "member")).toBe("10.79.0.77\n");
    expect(await ok("network", "inspect", "-f", "{{range .Containers}}{{.Name}}{{end}}", "joined")).toBe("member\n");
    // More is known of a swarm's networks alone.
    expect(await ok("network", "inspect", "--verbose", "joined")).toBe(await ok("network", "inspect", "joined"));
    const aliases = '{{with index .NetworkSettings.Networks "joined"}}{{join .Aliases " "}}{{end}}';
    expect(await ok("inspect", "-f", aliases, "member")).toContain("nick other");
    const busy = await target().run(["network", "rm", "joined"]);
    expect(busy.code).toBe(1);
    expect(busy.stderr).toContain("has active endpoints");
    expect(await ok("network", "disconnect", "joined", "member")).toBe("");
    const twice = await target().run(["network", "disconnect", "joined", "member"]);
    expect(twice.code).toBe(1);
    expect(twice.stderr).toContain("is not connected to");
    await ok("rm", "-f", "member");
    await ok("network", "rm", "joined");
  });

  test("run joins networks by the long form", async () => {
    await ok("network", "create", "--subnet", "10.80.0.0/24", "long-form");
    // 20.10 does not know an endpoint's own hardware address, and docker refuses to send it.
    const mac = target().engine.kind === "dockerd" ? "" : ",mac-address=02:42:0a:50:00:77";
    const long = `name=long-form,alias=first,alias=second,ip=10.80.0.9${mac}`;
    await ok("run", "-d", "--name", "member", "--network", long, "busybox", "sleep", "100");
    const endpoint = (container: string): Promise<string> =>
      ok(
        "inspect",
        "-f",
        '{{with index .NetworkSettings.Networks "long-form"}}{{.IPAddress}} {{.MacAddress}} {{join .Aliases " "}}{{end}}',
        container,
      );
    const shown = await endpoint("member");
    expect(shown).toStartWith(mac === "" ? "10.80.0.9 " : "10.80.0.9 02:42:0a:50:00:77 ");
    expect(shown).toContain("first second");
    const short = ["--network", "long-form", "--network-alias", "x", "--ip", "10.80.0.10"];
    await ok("run", "-d", "--name", "neighbour", ...short, "busybox", "sleep", "100");
    expect(await endpoint("neighbour")).toMatch(/^10\.80\.0\.10 .* x/);
    expect(await ok("exec", "neighbour", "ping", "-c", "1", "10.80.0.9")).toContain("1 packets received");
    await ok("rm", "-f", "neighbour");
    await ok("rm", "-f", "member");
    await ok("network", "rm", "long-form");
  });

  test("network prune and system prune take what nobody uses", async () => {
    await ok("network", "create", "used");
    await ok("network", "create", "--label", "keep", "spare");
    await ok("run", "-d", "--name", "member", "--network", "used", "busybox", "sleep", "100");
    expect(await ok("network", "prune", "-f", "--filter", "label!=keep")).toBe("");
    expect(await ok("network", "prune", "-f")).toBe("Deleted Networks:\nspare\n\n");
    await ok("network", "create", "spare");
    // An engine without a build cache makes it fail in the end.
    const { stdout } = await target().run(["system", "prune", "-f", "--filter", "label!=x"]);
    expect(stdout).toContain("Deleted Networks:\nspare\n\n");
    expect(await ok("network", "ls", "-f", "type=custom", "--format", "{{.Name}}")).toBe("used\n");
    await ok("rm", "-f", "member");
    await ok("network", "rm", "used");
  });
}

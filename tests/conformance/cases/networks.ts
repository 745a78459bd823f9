import { expect, test } from "bun:test";
import { eventually } from "../../../tools/lab/command.ts";
import type { Target } from "../target.ts";

/** Networks that people make. */
export function madeNetworkCases(target: () => Target): void {
  const remove = async (...names: string[]): Promise<void> => {
    for (const name of names) expect((await target().api("DELETE", `/networks/${name}`)).status).toBe(204);
  };
  const address = (container: string, network: string): Promise<string> =>
    target()
      .ok(["inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, container])
      .then((text) => text.trim());

  test("network create, inspect and rm by the API", async () => {
    const { status, text } = await target().api("POST", "/networks/create", {
      Name: "made",
      Labels: { a: "b" },
      IPAM: { Config: [{ Subnet: "10.77.0.0/24", IPRange: "10.77.0.64/26", Gateway: "10.77.0.9" }] },
    });
    expect(status).toBe(201);
    const { Id } = JSON.parse(text) as { Id: string };
    const shown = JSON.parse((await target().api("GET", `/networks/${Id}`)).text) as Record<string, unknown>;
    expect(shown).toMatchObject({
      Name: "made",
      Driver: "bridge",
      Scope: "local",
      Internal: false,
      Attachable: false,
      ConfigOnly: false,
      Labels: { a: "b" },
      Options: {},
      IPAM: {
        Driver: "default",
        Config: [{ Subnet: "10.77.0.0/24", IPRange: "10.77.0.64/26", Gateway: "10.77.0.9" }],
      },
    });
    expect((await target().api("DELETE", "/networks/made")).status).toBe(204);
    expect((await target().api("DELETE", "/networks/made")).status).toBe(404);
  });

  test.each([
    [{ Name: "bridge" }, 403, "operation is not permitted on predefined bridge network"],
    [{ Name: "x", Driver: "host" }, 403, 'only one instance of "host" network is allowed'],
    [{ Name: "x", Driver: "nosuch" }, 404, 'plugin "nosuch" not found'],
    [{ Name: "x", ConfigFrom: { Network: "nosuch" } }, 404, 'configuration network "nosuch" does not exist'],
    [{ Name: "x", Ingress: true }, 403, "Ingress network can only be global scope network"],
    [
      { Name: "x", IPAM: { Config: [{ Subnet: "10.1.0.0/24" }, { Subnet: "10.2.0.0/24" }] } },
      403,
      "bridge driver doesn't support multiple subnets",
    ],
  ])("create of %p is refused", async (body, status, message) => {
    const answer = await target().api("POST", "/networks/create", body);
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.text) as { message: string }).message.trim()).toBe(message);
  });

  test("predefined networks and those in use stay", async () => {
    expect((await target().api("DELETE", "/networks/bridge")).status).toBe(403);
    await target().api("POST", "/networks/create", { Name: "busy" });
    await target().ok(["run", "-d", "--name", "user", "--network", "busy", "busybox", "sleep", "100"]);
    const refused = await target().api("DELETE", "/networks/busy");
    expect(refused.status).toBe(403);
    expect(refused.text).toContain("has active endpoints");
    await target().ok(["rm", "-f", "user"]);
    await remove("busy");
  });

  test("two networks are apart, a container in both reaches both", async () => {
    for (const name of ["left", "right"]) await target().api("POST", "/networks/create", { Name: name });
    const serve = (name: string): string[] => ["sh", "-c", `echo ${name} > /index.html; exec httpd -f -p 80 -h /`];
    await target().ok(["run", "-d", "--name", "ll", "--network", "left", "busybox", ...serve("ll")]);
    await target().ok(["run", "-d", "--name", "rr", "--network", "right", "busybox", ...serve("rr")]);
    await target().ok(["run", "-d", "--name", "both", "--network", "left", "busybox", "sleep", "100"]);
    expect((await target().api("POST", "/networks/right/connect", { Container: "both" })).status).toBe(200);
    const ask = (from: string, to: string) =>
      target().run(["exec", from, "timeout", "2", "wget", "-qO-", `http://${to}/index.html`]);
    const left = await address("ll", "left");
    const right = await address("rr", "right");
    await eventually("both answer", async () =>
      (await ask("both", left)).stdout === "ll\n" && (await ask("both", right)).stdout === "rr\n" ? true : undefined,
    );
    expect((await ask("ll", right)).code).not.toBe(0);
    expect(await target().ok(["exec", "both", "ip", "-o", "-4", "addr"])).toContain("eth1");
    expect((await target().api("POST", "/networks/left/disconnect", { Container: "both" })).status).toBe(200);
    expect((await ask("both", left)).code).not.toBe(0);
    await eventually("the other answers still", async () =>
      (await ask("both", right)).stdout === "rr\n" ? true : undefined,
    );
    await target().ok(["rm", "-f", "ll", "rr", "both"]);
    await remove("left", "right");
  });

  test("a given address, and what is refused of one", async () => {
    await target().api("POST", "/networks/create", {
      Name: "fixed",
      IPAM: { Config: [{ Subnet: "10.78.0.0/24" }] },
    });
    const onFixed = ["--network", "fixed", "--ip", "10.78.0.44", "busybox"];
    await target().ok(["run", "-d", "--name", "aa", ...onFixed, "sleep", "99"]);
    expect(await address("aa", "fixed")).toBe("10.78.0.44");
    const taken = await target().run(["run", "--rm", ...onFixed, "true"]);
    expect(taken.code).toBe(125);
    expect(taken.stderr).toContain("Address already in use");
    const onDefault = await target().run(["run", "--rm", "--ip", "172.17.0.99", "busybox", "true"]);
    expect(onDefault.code).toBe(125);
    expect(onDefault.stderr).toContain("user specified IP address is supported on user defined networks only");
    await target().ok(["rm", "-f", "aa"]);
    await remove("fixed");
  });

  test("link-local addresses and notes to the driver", async () => {
    for (const name of ["local", "second"]) await target().api("POST", "/networks/create", { Name: name });
    const addresses = async (): Promise<string> =>
      target().ok(["exec", "ll", "sh", "-c", "ip -o -4 addr | grep -oE '169[0-9./]+ brd [0-9.]+' | sort"]);
    const flags = ["--network", "local", "--link-local-ip", "169.254.3.4"];
    await target().ok(["run", "-d", "--name", "ll", ...flags, "busybox", "sleep", "99"]);
    expect(await addresses()).toBe("169.254.3.4/16 brd 169.254.255.255\n");
    const more = ["--link-local-ip", "169.254.3.5", "--link-local-ip", "169.254.3.6", "--driver-opt", "note=x"];
    await target().ok(["network", "connect", ...more, "second", "ll"]);
    expect(await addresses()).toBe(
      ["4", "5", "6"].map((last) => `169.254.3.${last}/16 brd 169.254.255.255\n`).join(""),
    );
    const shown = "{{with .NetworkSettings.Networks.second}}{{.IPAMConfig.LinkLocalIPs}} {{.DriverOpts}}{{end}}";
    expect(await target().ok(["inspect", "-f", shown, "ll"])).toBe("[169.254.3.5 169.254.3.6] map[note:x]\n");
    await target().ok(["rm", "-f", "ll"]);
    for (const address of ["10.9.9.9", "nonsense"]) {
      const refused = await target().run(["run", "--rm", "--link-local-ip", address, "busybox", "true"]);
      expect(refused).toMatchObject({ code: 125, stderr: expect.stringMatching(/invalid link.local IP address/i) });
    }
    await remove("local", "second");
  });

  test("a container taken out of its only network comes back into it", async () => {
    for (const name of ["home", "away"]) await target().api("POST", "/networks/create", { Name: name });
    await target().ok(["run", "-d", "--name", "ll", "--network", "home", "busybox", "sleep", "99"]);
    const networks = async (): Promise<string> => {
      const shown = "{{.HostConfig.NetworkMode}}:{{range $name, $_ := .NetworkSettings.Networks}} {{$name}}{{end}}";
      return (await target().ok(["inspect", "-f", shown, "ll"])).trim();
    };
    const found = [await networks()];
    for (const [verb, network] of [
      ["disconnect", "home"],
      ["connect", "away"],
      ["connect", "home"],
    ] as const) {
      await target().ok(["network", verb, network, "ll"]);
      found.push(await networks());
    }
    expect(found).toEqual(["home: home", "home:", "home: away", "home: away home"]);
    await target().ok(["network", "disconnect", "home", "ll"]);
    await target().ok(["restart", "-t", "0", "ll"]);
    expect(await networks()).toBe("home: away");
    await target().ok(["rm", "-f", "ll"]);
    await remove("home", "away");
  });

  test("prune takes what nobody uses", async () => {
    await target().api("POST", "/networks/create", { Name: "unused" });
    await target().api("POST", "/networks/create", { Name: "used" });
    await target().ok(["create", "--name", "later", "--network", "used", "busybox", "true"]);
    await target().ok(["run", "-d", "--name", "now", "--network", "used", "busybox", "sleep", "99"]);
    const { text } = await target().api("POST", "/networks/prune");
    expect((JSON.parse(text) as { NetworksDeleted: string[] }).NetworksDeleted).toEqual(["unused"]);
    await target().ok(["rm", "-f", "later", "now"]);
    await remove("used");
  });
}

/** What Berth's networks do beyond Docker's: who may use published ports, what is exposed, policies, rates. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mustRun } from "../../tools/lab/command.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bownnet0", bip: "172.31.243.1/24" });
}, 180_000);
afterAll(() => engine.close());
afterEach(() => engine.removeAll());

const start = (name: string, ...flags: readonly string[]): Promise<string> =>
  engine.ok("run", "-d", "--name", name, ...flags, "busybox", "sleep", "1000");

describe("rates", () => {
  const inside = async (name: string): Promise<string> => {
    const pid = (await engine.ok("inspect", "-f", "{{.State.Pid}}", name)).trim();
    const text = await mustRun(["nsenter", "-t", pid, "-n", "tc", "qdisc", "show", "dev", "eth0"]);
    return / rate (\S+) /.exec(text)?.[1] ?? "none";
  };

  test("are set by run, changed while it runs, and kept for the next start", async () => {
    await start("web", "--net-rate", "10mbit");
    expect(await inside("web")).toBe("10Mbit");
    await engine.ok("network", "rate", "web", "20mbit/128k");
    expect(await inside("web")).toBe("20Mbit");
    await engine.ok("restart", "-t", "0", "web");
    expect(await inside("web")).toBe("20Mbit");
    expect(await engine.ok("update", "--net-rate", "none", "web")).toBe("web\n");
    expect(await inside("web")).toBe("none");
    await engine.ok("restart", "-t", "0", "web");
    expect(await inside("web")).toBe("none");
    expect((await engine.run("network", "rate", "web", "fast")).stderr).toContain('invalid network rate "fast"');
  });

  test("survive the engine, and a label sets them from any client", async () => {
    await start("web", "--label", "berth.net-rate=30mbit");
    await engine.kill();
    await engine.start();
    expect(await inside("web")).toBe("30Mbit");
    await engine.ok("network", "rate", "web", "none");
    expect(await inside("web")).toBe("none");
    const refused = await engine.run("run", "--rm", "--network", "host", "--net-rate", "1mbit", "busybox", "true");
    expect(refused).toMatchObject({ code: 125, stderr: expect.stringContaining("a rate in the network host") });
  });
});

describe("published ports", () => {
  const rows = async (): Promise<readonly string[]> =>
    (
      await engine.ok(
        "network",
        "exposure",
        "--format",
        "{{.Container}} {{.Address}} {{.Port}}/{{.Protocol}} {{.From}} {{.Firewall}}",
      )
    )
      .trim()
      .split("\n")
      .filter((line) => !line.includes(" :: "));

  test("are limited by the flag, by a label of any client, and told by network exposure", async () => {
    await engine.ok("network", "create", "-o", "berth.network.firewall=host", "screened");
    await start("flag", "-p", "18080:80,allow=10.0.0.0/8,allow=192.0.2.1", "-p", "127.0.0.1:18081:80");
    await start(
      "label",
      "--network",
      "screened",
      "-p",
      "18082:80",
      "--label",
      "berth.publish.allow.18082/tcp=10.0.0.0/8",
    );
    await start("shared", "--network", "host");
    expect(await rows()).toEqual([
      "flag 0.0.0.0 18080/tcp 10.0.0.0/8,192.0.2.1/32 engine",
      "flag 127.0.0.1 18081/tcp host engine",
      "label 0.0.0.0 18082/tcp 10.0.0.0/8 host",
      "shared 0.0.0.0 all/any any host",
    ]);
    expect(await engine.ok("network", "exposure")).toStartWith("ADDRESS     PORT      PROTOCOL   FROM");
    await engine.ok("restart", "-t", "0", "label");
    await engine.kill();
    await engine.start();
    expect((await rows())[2]).toBe("label 0.0.0.0 18082/tcp 10.0.0.0/8 host");
    await engine.removeAll();
    await engine.ok("network", "rm", "screened");
  });

  test("a list that no port follows is refused", async () => {
    const refused = await engine.run(
      "create",
      "-p",
      "18080:80",
      "--label",
      "berth.publish.allow.18081=10.0.0.0/8",
      "busybox",
    );
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("no such host port is published") });
    const chosen = await engine.run("create", "-p", "80,allow=10.0.0.0/8", "busybox");
    expect(chosen.stderr).toContain("allow= needs a host port");
  });
});

describe("policies", () => {
  test("are set, listed and taken away by the command line, and outlive the engine", async () => {
    await engine.ok("network", "create", "guarded");
    await start("app", "--network", "guarded");
    await start("db", "--network", "guarded");
    const reaches = async (from: string, to: string): Promise<boolean> =>
      (await engine.run("exec", from, "ping", "-c", "1", "-W", "1", to)).code === 0;
    expect(await reaches("app", "db")).toBe(true);
    expect(await engine.ok("network", "policy", "allow", "app->db:5432")).toBe("app->db:5432/tcp\n");
    expect(await reaches("app", "db")).toBe(false);
    await engine.kill();
    await engine.start();
    expect(await reaches("app", "db")).toBe(false);
    expect(await engine.ok("network", "policy", "allow", "--network", "guarded", "db->app")).toContain("db->app\n");
    expect(await reaches("db", "app")).toBe(true);
    expect(await engine.ok("network", "policy", "ls")).toBe(
      "guarded: everything else is dropped\n  app->db:5432/tcp\n  db->app\n",
    );
    expect((await engine.run("network", "policy", "rm", "--network", "guarded", "x->y")).stderr).toContain(
      "network guarded has no policy x->y",
    );
    expect(await engine.ok("network", "policy", "rm", "app->db:5432", "db->app")).toBe("");
    expect(await reaches("app", "db")).toBe(true);
    expect((await engine.run("network", "policy", "allow", "app->nobody")).stderr).toContain("nobody");
    expect(await engine.ok("network", "policy", "ls", "guarded")).toBe("guarded: no policy: everything passes\n");
    await engine.removeAll();
    await engine.ok("network", "rm", "guarded");
  });
});

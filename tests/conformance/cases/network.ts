import { expect, test } from "bun:test";
import { eventually } from "../../../tools/lab/command.ts";
import { freePort } from "../../../tools/lab/debian-registry.ts";
import { httpGet } from "../../../tools/lab/http-get.ts";
import type { Target } from "../target.ts";

/** The default bridge, `host`, `none` and published ports. */
export function networkCases(target: () => Target): void {
  const shell = (line: string, flags: readonly string[] = []): Promise<string> =>
    target().ok(["run", "--rm", ...flags, "busybox", "sh", "-c", line]);

  test("the default network gives an interface, an address and a route", async () => {
    const printed = await shell(
      "ls /sys/class/net | tr '\\n' ' '; ip -4 addr show eth0 | grep -o 'inet [0-9./]*'; ip route | head -1",
    );
    expect(printed).toMatch(/^eth0 lo inet 172\.31\.25[34]\.\d+\/24\ndefault via 172\.31\.25[34]\.1 dev eth0/);
  });

  test("/etc/hosts and /etc/resolv.conf are written", async () => {
    const printed = await shell("cat /etc/hosts; grep -c nameserver /etc/resolv.conf; hostname -i", [
      "--hostname",
      "here",
    ]);
    expect(printed).toMatch(/^127\.0\.0\.1\tlocalhost\n/);
    expect(printed).toMatch(/\n172\.31\.25[34]\.\d+\there\n/);
    expect(printed).toMatch(/\n[1-9]\n172\.31\.25[34]\.\d+\n$/);
  });

  test("the gateway answers and containers reach each other", async () => {
    await target().ok([
      "run",
      "-d",
      "--name",
      "web",
      "busybox",
      "sh",
      "-c",
      "echo page > /index.html; httpd -f -p 80 -h /",
    ]);
    const address = (
      await target().ok(["inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", "web"])
    ).trim();
    await eventually("the gateway's answer", async () =>
      (await target().get(`http://${address}/index.html`)).stdout === "page\n" ? true : undefined,
    );
    const line = httpGet(`http://${address}/index.html`);
    expect(await target().ok(["run", "--rm", target().images.distribution, "bash", "-c", line])).toBe("page\n");
  });

  test("--network none has only a loopback", async () => {
    expect(await shell("ls /sys/class/net; ip route", ["--network", "none"])).toBe("lo\n");
  });

  test("--network host is the host's", async () => {
    const printed = await shell("ls /sys/class/net", ["--network", "host"]);
    expect(printed).toContain(target().engine.bridge);
  });

  test("-p publishes a port on the host", async () => {
    const port = await freePort();
    const serve = "echo published > /index.html; httpd -f -p 80 -h /";
    await target().ok(["run", "-d", "--name", "web", "-p", `${port}:80`, "busybox", "sh", "-c", serve]);
    await eventually("published port", async () => {
      const got = await target().get(`http://127.0.0.1:${port}/index.html`);
      return got.stdout === "published\n" ? true : undefined;
    });
    expect(
      await target().ok(["inspect", "-f", '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', "web"]),
    ).toBe(`${port}\n`);
    expect(await target().ok(["ps", "--format", "{{.Ports}}"])).toContain(`0.0.0.0:${port}->80/tcp`);
    const conflict = await target().run(["run", "--rm", "-p", `${port}:80`, "busybox", "true"]);
    expect(conflict.code).toBe(125);
    expect(conflict.stderr).toMatch(
      new RegExp(
        `driver failed programming external connectivity on endpoint \\S+ \\([0-9a-f]+\\): .*Bind for 0\\.0\\.0\\.0:${port} failed: port is already allocated`,
      ),
    );
    await target().ok(["rm", "-f", "web"]);
    expect((await target().get(`http://127.0.0.1:${port}/index.html`)).code).not.toBe(0);
    expect(await shell("echo free", ["-p", `${port}:80`])).toBe("free\n");
  });

  test("-p 127.0.0.1::80 publishes on loopback at a free port", async () => {
    await target().ok([
      "run",
      "-d",
      "--name",
      "web",
      "-p",
      "127.0.0.1::80",
      "busybox",
      "sh",
      "-c",
      "echo lo > /index.html; httpd -f -p 80 -h /",
    ]);
    const published = (
      await target().ok([
        "inspect",
        "-f",
        '{{with index (index .NetworkSettings.Ports "80/tcp") 0}}{{.HostIp}}:{{.HostPort}}{{end}}',
        "web",
      ])
    ).trim();
    expect(published).toMatch(/^127\.0\.0\.1:\d+$/);
    await eventually("loopback port", async () =>
      (await target().get(`http://${published}/index.html`)).stdout === "lo\n" ? true : undefined,
    );
  });

  test("a container does not see the host's sockets", async () => {
    expect(await shell("cat /proc/net/tcp | tail -n +2 | wc -l; cat /proc/net/unix | tail -n +2 | wc -l")).toBe(
      "0\n0\n",
    );
  });
}

/** The API over TCP with certificates, driven by the real docker CLI and by ours. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { command, type CommandResult } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment, dockerCli } from "../../tools/lab/engines.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { makeCertificates, startPlainDaemon, type StartedDaemon } from "./daemon-fixture.ts";

setDefaultTimeout(180_000);

let dir = "";
let address = "";
let engine: StartedDaemon | undefined;
let registry: RunningRegistry | undefined;

beforeAll(async () => {
  dir = makeScratch("tls");
  await makeCertificates(dir);
  const port = await freePort();
  address = `tcp://127.0.0.1:${port}`;
  const files = ["--tlscacert=ca.pem", "--tlscert=server-cert.pem", "--tlskey=server-key.pem"];
  const args = files.map((flag) => flag.replace("=", `=${dir}/`));
  engine = await startPlainDaemon({
    dir,
    args: [...args, "--tlsverify", "-H", address, "-H", `unix://${dir}/berth.sock`],
  });
  registry = await startDebianRegistry({ dir });
  await pushImage(registry.address, "busybox", "latest", await busyboxImage());
}, 180_000);

afterAll(async () => {
  await engine?.process.stop();
  await registry?.stop();
  removeScratch(dir);
});

const clients = ["docker", "berth"] as const;
type Client = (typeof clients)[number];

async function run(client: Client, args: readonly string[], stdin?: string): Promise<CommandResult> {
  const argv = client === "docker" ? [await dockerCli()] : berthCommand();
  const env = { ...cliEnvironment(address), DOCKER_CONFIG: join(dir, "config") };
  return command([...argv, ...args], { env, timeoutMs: 120_000, ...(stdin === undefined ? {} : { stdin }) });
}

const certificates = (name: string): readonly string[] => [
  "--tlscacert",
  join(dir, "ca.pem"),
  "--tlscert",
  join(dir, `${name}-cert.pem`),
  "--tlskey",
  join(dir, `${name}-key.pem`),
];

describe.each(clients)("%s", (client) => {
  const ok = async (args: readonly string[], stdin?: string): Promise<string> => {
    const result = await run(client, ["--tlsverify", ...certificates("client"), ...args], stdin);
    expect({ ...result, stdout: "" }).toEqual({ code: 0, stdout: "", stderr: "" });
    return result.stdout;
  };

  test("speaks with a certificate of the CA, and verifies the engine's", async () => {
    expect(await ok(["version", "--format", "{{.Server.Os}}"])).toBe("linux\n");
  });

  test("DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say the same", async () => {
    await command(
      [
        "sh",
        "-c",
        "mkdir -p by-env && cp ca.pem by-env/ && cp client-cert.pem by-env/cert.pem && cp client-key.pem by-env/key.pem",
      ],
      { cwd: dir },
    );
    const argv = client === "docker" ? [await dockerCli()] : berthCommand();
    const env = { ...cliEnvironment(address), DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: join(dir, "by-env") };
    const result = await command([...argv, "version", "--format", "{{.Server.Os}}"], { env, timeoutMs: 120_000 });
    expect(result).toMatchObject({ code: 0, stdout: "linux\n" });
  });

  test("a context carries address and certificates", async () => {
    const files = `ca=${dir}/ca.pem,cert=${dir}/client-cert.pem,key=${dir}/client-key.pem`;
    const argv = client === "docker" ? [await dockerCli()] : berthCommand();
    const env = { PATH: process.env["PATH"] ?? "", HOME: dir, DOCKER_CONFIG: join(dir, `contexts-${client}`) };
    const inContext = (...args: string[]): Promise<CommandResult> => command([...argv, ...args], { env });
    await inContext("context", "create", "remote", "--docker", `host=${address},${files}`);
    expect(await inContext("--context", "remote", "version", "--format", "{{.Server.Os}}")).toMatchObject({
      code: 0,
      stdout: "linux\n",
    });
    await inContext("context", "use", "remote");
    expect(await inContext("version", "--format", "{{.Server.Os}} {{.Client.Context}}")).toMatchObject({
      code: 0,
      stdout: "linux remote\n",
    });
  });

  test("is turned away without a certificate, and with a stranger's", async () => {
    expect(
      (await run(client, ["--tls", "--tlscacert", join(dir, "ca.pem"), "version", "--format", "{{.Server.Os}}"])).code,
    ).toBe(1);
    expect(
      (await run(client, ["--tls", ...certificates("stranger"), "version", "--format", "{{.Server.Os}}"])).code,
    ).toBe(1);
    expect((await run(client, ["version", "--format", "{{.Server.Os}}"])).code).toBe(1);
  });

  test("does not take an engine whose certificate another CA signed", async () => {
    const args = ["--tlsverify", "--tlscacert", join(dir, "other.pem"), ...certificates("client").slice(2)];
    expect((await run(client, [...args, "version", "--format", "{{.Server.Os}}"])).code).toBe(1);
  });

  test("attach and exec: input, its end, and output", async () => {
    const image = `${registry?.address}/busybox`;
    await ok(["pull", "-q", image]);
    const run = ["run", "--rm", "-i", "--network", "none", image];
    expect(await ok([...run, "sh", "-c", "cat; echo end"], "in\n")).toBe("in\nend\n");
    const id = (await ok(["run", "-d", "--network", "none", image, "sleep", "60"])).trim();
    expect(await ok(["exec", "-i", id, "wc", "-c"], "x".repeat(300_000))).toBe("300000\n");
    expect((await ok(["exec", id, "sh", "-c", "yes 0123456789 | head -n 300000"])).length).toBe(3_300_000);
    await ok(["rm", "-f", id]);
  });
});

test("SIGHUP takes certificates anew; a file that is none leaves the old ones in force", async () => {
  const presented = async (): Promise<string> => {
    const argv = ["openssl", "s_client", "-connect", address.slice("tcp://".length), "-CAfile", join(dir, "ca.pem")];
    const { stdout } = await command(["sh", "-c", `${argv.join(" ")} < /dev/null`]);
    return new X509Certificate(/-----BEGIN[^]*?-----END CERTIFICATE-----/.exec(stdout)?.[0] ?? "").fingerprint256;
  };
  const reloaded = async (said: string): Promise<void> => {
    const times = engine?.log().split(said).length ?? 0;
    process.kill(engine?.pid() ?? 0, "SIGHUP");
    while (engine?.log().split(said).length === times) await Bun.sleep(20);
  };
  const before = await presented();
  const cert = join(dir, "server-cert.pem");
  const old = readFileSync(cert, "utf8");
  writeFileSync(cert, "nothing");
  await reloaded("Error reloading configuration");
  expect(await presented()).toBe(before);
  writeFileSync(cert, old);
  const pem = (name: string): string => readFileSync(join(dir, name), "utf8");
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  const identity = { ca: pem("ca.pem"), cert: pem("client-cert.pem"), key: pem("client-key.pem") };
  const open = connect({ host: "127.0.0.1", port, ...identity });
  const ping = async (): Promise<string> => {
    open.write("GET /_ping HTTP/1.1\r\nHost: engine\r\n\r\n");
    return String((await once(open, "data"))[0]);
  };
  expect(await ping()).toContain("200 OK");
  await makeCertificates(dir);
  await reloaded("Reloaded configuration");
  expect(await presented()).not.toBe(before);
  // Who is there already stays.
  expect(await ping()).toContain("200 OK");
  open.destroy();
  expect(
    (await run("docker", ["--tlsverify", ...certificates("client"), "version", "--format", "{{.Server.Os}}"])).stdout,
  ).toBe("linux\n");
});

test("plain HTTP on the TLS port is no request, and the engine goes on", async () => {
  const url = address.replace("tcp", "http");
  await expect(fetch(`${url}/_ping`)).rejects.toThrow();
  expect((await fetch("http://engine/_ping", { unix: join(dir, "berth.sock") })).status).toBe(200);
});

/**
 * How our client reaches registries: with TLS and client certificates by certs.d and hosts.toml, with an htpasswd login and
 * with tokens, through a proxy; the same with Debian's docker-registry and with ours.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { administer, startBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { command, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { freePort, startDebianRegistry } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment } from "../../tools/lab/engines.ts";
import { buildImage } from "../../tools/lab/image-writer.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { makeCertificates, startPlainDaemon, type StartedDaemon } from "./daemon-fixture.ts";

setDefaultTimeout(180_000);

const PASSWORD = "correct horse";

interface Served {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  stop(): Promise<unknown>;
}

let dir = "";
let engine: StartedDaemon | undefined;
let proxy: Server | undefined;
/** What the proxy was asked for: `CONNECT host:port` or `GET http://host/…`. */
const proxied: string[] = [];
/** Where the proxy finds the registry that nobody else knows. */
let hidden = "";

const run = (args: readonly string[], stdin?: string): Promise<CommandResult> =>
  command([...berthCommand(), ...args], {
    env: { ...cliEnvironment(`unix://${dir}/berth.sock`), DOCKER_CONFIG: join(dir, "config") },
    timeoutMs: 90_000,
    ...(stdin === undefined ? {} : { stdin }),
  });

async function ok(...args: readonly string[]): Promise<string> {
  const result = await run(args);
  expect([args, result.code, result.stderr]).toEqual([args, 0, ""]);
  return result.stdout;
}

/** A host's folder of what the engine sees as /etc/berth/certs.d. */
const certsOf = (host: string): string => {
  const folder = join(dir, "etc/berth/certs.d", host);
  mkdirSync(folder, { recursive: true });
  return folder;
};

beforeAll(async () => {
  dir = makeScratch("registry-access");
  for (const name of ["etc", "certs"]) mkdirSync(join(dir, name));
  await makeCertificates(join(dir, "certs"));
  proxy = createServer((request, response) => {
    proxied.push(`${request.method} ${request.url}`);
    const url = new URL(request.url ?? "");
    const { method, headers } = request;
    void fetch(`http://${hidden}${url.pathname}${url.search}`, {
      method: method ?? "GET",
      headers: headers as Record<string, string>,
      redirect: "manual",
      ...(method === "GET" || method === "HEAD" ? {} : { body: request }),
    }).then(async (answer) => {
      const kept = [...answer.headers].filter(([name]) => name !== "content-encoding" && name !== "transfer-encoding");
      response.writeHead(answer.status, Object.fromEntries(kept));
      response.end(await answer.bytes());
    });
  });
  proxy.on("connect", (request, client) => {
    proxied.push(`CONNECT ${request.url}`);
    const [host = "", port = ""] = hidden.split(":");
    const server = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      server.pipe(client).pipe(server);
    });
    for (const socket of [client, server]) socket.on("error", () => [client, server].forEach((each) => each.destroy()));
  });
  await new Promise<void>((resolve) => proxy?.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await mustRun(["cp", "-a", "/etc/.", join(dir, "etc")]);
  mkdirSync(join(dir, "etc/berth/certs.d"), { recursive: true });
  const over = `mount --bind ${dir}/etc /etc && exec "$@"`;
  engine = await startPlainDaemon({
    dir,
    args: ["-H", `unix://${dir}/berth.sock`, "--insecure-registry", "hidden.example:5000"],
    through: ["unshare", "-m", "--propagation", "private", "sh", "-c", over, "sh"],
    env: { HTTP_PROXY: address, HTTPS_PROXY: address, NO_PROXY: "127.0.0.1,localhost" },
  });
  const layer = writeTar([{ path: "file", content: randomBytes(2 << 20) }]);
  writeFileSync(join(dir, "image.tar"), layoutOf(buildImage({ layers: [layer] })));
  await ok("load", "-q", "-i", join(dir, "image.tar"));
});

afterAll(async () => {
  await engine?.process.stop();
  proxy?.closeAllConnections();
  proxy?.close();
  removeScratch(dir);
});

function layoutOf({ mediaType, digest, manifest, blobs }: ReturnType<typeof buildImage>): Uint8Array {
  const annotations = { "io.containerd.image.name": "docker.io/library/image:1" };
  const manifests = [{ mediaType, digest, size: manifest.length, annotations }];
  return writeTar([
    { path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests }) },
    ...[[digest, manifest] as const, ...blobs].map(([name, content]) => ({
      path: `blobs/${name.replace(":", "/")}`,
      content,
    })),
  ]);
}

/** Push, forget, pull by tag and by the digest that was told: the same image. */
async function expectRoundTrip(name: string): Promise<void> {
  await ok("tag", "image:1", name);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await ok("push", name))?.[1] ?? "";
  await ok("rmi", name);
  await ok("pull", "-q", name);
  const id = await ok("inspect", "-f", "{{.Id}}", "image:1");
  expect(await ok("inspect", "-f", "{{.Id}}", name)).toBe(id);
  await ok("rmi", name);
  const byDigest = `${name.slice(0, name.lastIndexOf(":"))}@${digest}`;
  await ok("pull", "-q", byDigest);
  expect(await ok("inspect", "-f", "{{.Id}}", byDigest)).toBe(id);
  await ok("rmi", byDigest);
}

const pem = (name: string): string => join(dir, "certs", `${name}.pem`);

const kinds: readonly (readonly [
  string,
  (folder: string, mutual: boolean) => Promise<Served>,
  () => Promise<unknown>,
])[] = [
  [
    "Debian's docker-registry with an htpasswd file",
    async (folder, mutual) =>
      startDebianRegistry({
        dir: folder,
        port: await freePort(),
        htpasswd: `ann:${await bcrypt()}`,
        tls: {
          certificate: pem("server-cert"),
          key: pem("server-key"),
          ...(mutual ? { clientAuthority: pem("ca") } : {}),
        },
      }),
    async () => {},
  ],
  [
    "ours with an htpasswd file",
    async (folder, mutual) => {
      writeFileSync(join(folder, "htpasswd"), `ann:${await bcrypt()}\n`);
      return served(folder, ["--htpasswd", join(folder, "htpasswd")], mutual);
    },
    async () => {},
  ],
  [
    "ours with accounts and tokens",
    (folder, mutual) => served(folder, ["--auth", "users"], mutual),
    () =>
      administer(
        join(dir, "ours with accounts and tokens", "berth-registry"),
        ["user", "add", "--password-stdin", "--admin", "ann"],
        `${PASSWORD}\n`,
      ),
  ],
];

const bcrypt = (): Promise<string> => Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 5 });

async function served(folder: string, args: readonly string[], mutual: boolean): Promise<Served> {
  const tls = ["--tls-cert", pem("server-cert"), "--tls-key", pem("server-key")];
  const clients = mutual ? ["--tls-ca", pem("ca")] : [];
  const { address, daemon } = await startBerthRegistry({ dir: folder, args: [...tls, ...clients, ...args] });
  return { address, stop: () => daemon.stop() };
}

describe.each(kinds)("%s", (kind, start, prepare) => {
  test("login, push, pull, logout; over TLS with a client certificate by certs.d and by hosts.toml", async () => {
    const folder = join(dir, kind);
    mkdirSync(folder);
    const registry = await start(folder, true);
    try {
      await prepare();
      const name = `${registry.address}/ann/app:1`;
      const login = (password: string): Promise<CommandResult> =>
        run(["login", "-u", "ann", "--password-stdin", registry.address], `${password}\n`);
      // It admits nobody without a certificate.
      expect((await login(PASSWORD)).code).toBe(1);
      const certs = certsOf(registry.address);
      copyFileSync(pem("client-cert"), join(certs, "client.cert"));
      copyFileSync(pem("client-key"), join(certs, "client.key"));
      expect((await login("wrong")).stderr).toMatch(/unauthorized|401/);
      expect((await run(["pull", name])).stderr).toMatch(/unauthorized|no basic auth|denied/);
      expect((await login(PASSWORD)).stdout).toContain("Login Succeeded");
      await expectRoundTrip(name);

      // The same by hosts.toml, which has the last word about certificates: loopback too is verified then.
      rmSync(join(certs, "client.cert"));
      const toml = certsOf(registry.address.replace(":", "_") + "_");
      for (const each of ["client-cert", "client-key", "ca", "other"])
        copyFileSync(pem(each), join(toml, `${each}.pem`));
      const write = (ca: string): void =>
        writeFileSync(
          join(toml, "hosts.toml"),
          `server = "https://${registry.address}"\nca = "${ca}"\nclient = [["client-cert.pem", "client-key.pem"]]\n`,
        );
      write("other.pem");
      expect((await run(["pull", name])).stderr).toContain("x509");
      write("ca.pem");
      await expectRoundTrip(name);
      await ok("logout", registry.address);
      expect((await run(["pull", name])).stderr).toMatch(/unauthorized|no basic auth|denied/);
    } finally {
      await registry.stop();
    }
  });
});

test("through a proxy, by HTTPS and by plain HTTP; not what NO_PROXY names", async () => {
  for (const [folder, start] of [
    [
      "secure",
      (at: string) =>
        startDebianRegistry({ dir: at, tls: { certificate: pem("server-cert"), key: pem("server-key") } }),
    ],
    ["plain", (at: string) => startDebianRegistry({ dir: at })],
    [
      "ours",
      (at: string) =>
        startBerthRegistry({ dir: at }).then(({ address, daemon }) => ({ address, stop: () => daemon.stop() })),
    ],
  ] as const) {
    mkdirSync(join(dir, folder));
    const registry = await start(join(dir, folder));
    hidden = registry.address;
    proxied.length = 0;
    try {
      await expectRoundTrip("hidden.example:5000/team/app:1");
      const isTunnelled = (line: string): boolean => line === "CONNECT hidden.example:5000";
      const isPlain = (line: string): boolean => / http:\/\/hidden\.example:5000\/v2\//.test(line);
      expect(proxied.filter((line) => !isTunnelled(line) && !isPlain(line))).toEqual([]);
      expect([folder, proxied.some(isPlain)]).toEqual([folder, folder !== "secure"]);
      proxied.length = 0;
      await expectRoundTrip(`${registry.address}/direct/app:1`);
      expect(proxied).toEqual([]);
    } finally {
      await registry.stop();
    }
  }
  expect(
    (await mustRun([...berthCommand(), "images", "-q"], { env: cliEnvironment(`unix://${dir}/berth.sock`) })).trim(),
  ).not.toBe("");
});

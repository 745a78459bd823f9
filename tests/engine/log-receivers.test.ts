/** Receivers of logs that answer: fluentd with acknowledgements, by TLS too. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { MsgpackWriter } from "#logs/forward/msgpack.ts";
import { unpack } from "#logs/testing/unpack.ts";
import { eventually } from "../../tools/lab/command.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import { makeCertificates } from "./daemon-fixture.ts";

setDefaultTimeout(180_000);

let certificates = "";
let engine: BusyboxEngine;

beforeAll(async () => {
  certificates = makeScratch("fluentd");
  await makeCertificates(certificates);
  engine = await BusyboxEngine.open({
    bridge: "bflu0",
    bip: "172.31.229.1/24",
    env: { SSL_CERT_FILE: join(certificates, "ca.pem") },
  });
}, 180_000);
afterAll(async () => {
  await engine.close();
  removeScratch(certificates);
});
afterEach(() => engine.removeAll());

/** The forward protocol's receiving side: counts a chunk only when it has acknowledged it. */
class Fluentd {
  readonly lines: string[] = [];
  /** Chunks that were taken and not acknowledged: the connection ends instead. */
  dropped = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #drops: number;

  private constructor(secure: boolean, drops: number) {
    this.#drops = drops;
    const pem = (name: string): string => readFileSync(join(certificates, name), "utf8");
    const take = (socket: Socket): void => this.#take(socket);
    this.#server = secure
      ? createTlsServer({ cert: pem("server-cert.pem"), key: pem("server-key.pem") }, take)
      : createServer(take);
  }

  static async listen(options: { readonly secure: boolean; readonly drops: number }): Promise<Fluentd> {
    const made = new Fluentd(options.secure, options.drops);
    await new Promise<void>((resolve) => made.#server.listen(0, "127.0.0.1", resolve));
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Uint8Array) => {
      received = Buffer.concat([received, bytes]);
      for (let next = unpack(received); next !== undefined; next = unpack(received)) {
        received = received.subarray(next.size);
        this.#chunk(socket, next.value as Chunk);
      }
    });
  }

  #chunk(socket: Socket, [, entries, { chunk }]: Chunk): void {
    if (this.#drops > 0) {
      this.#drops -= 1;
      this.dropped += 1;
      socket.destroy();
      return;
    }
    this.lines.push(...entries.map(([, { log }]) => log));
    socket.write(new MsgpackWriter().map(1).text("ack").text(chunk).take());
  }
}

type Chunk = readonly [
  tag: string,
  entries: readonly (readonly [unknown, { readonly log: string }])[],
  { readonly chunk: string },
];

for (const scheme of ["tcp", "tls"] as const) {
  test(`fluentd by ${scheme}: what was not acknowledged is sent again, and nothing twice that was`, async () => {
    const fluentd = await Fluentd.listen({ secure: scheme === "tls", drops: 2 });
    try {
      const options = [`fluentd-address=${scheme}://127.0.0.1:${fluentd.port}`, "fluentd-request-ack=true"];
      const flags = [...options, "fluentd-retry-wait=50ms"].flatMap((option) => ["--log-opt", option]);
      const run = [
        "run",
        "-d",
        "--name",
        "teller",
        "--network",
        "none",
        "--log-driver",
        "fluentd",
        ...flags,
        "busybox",
      ];
      await engine.ok(...run, "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done; echo end");
      await eventually("the last line", () => (fluentd.lines.includes("end") ? true : undefined));
      expect(fluentd.lines).toEqual(["line 1", "line 2", "line 3", "end"]);
      expect(fluentd.dropped).toBe(2);
      expect(await engine.ok("logs", "teller")).toBe("line 1\nline 2\nline 3\nend\n");
    } finally {
      fluentd.close();
    }
  });
}

test("fluentd by tls: a certificate that nobody known signed is refused at the start", async () => {
  const stranger = createTlsServer({
    cert: readFileSync(join(certificates, "other.pem")),
    key: readFileSync(join(certificates, "other-key.pem")),
  });
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  const { port } = stranger.address() as AddressInfo;
  const options = ["--log-driver", "fluentd", "--log-opt", `fluentd-address=tls://127.0.0.1:${port}`];
  const refused = await engine.run("run", "--network", "none", ...options, "busybox", "true");
  stranger.close();
  expect(refused.code).toBe(125);
  const why = `failed to initialize logging driver: dial tcp 127.0.0.1:${port}: self signed certificate\n`;
  expect(refused.stderr).toContain(why);
});

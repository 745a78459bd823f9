import { expect, test } from "bun:test";
import { BerthError } from "#base/errors.ts";
import type { Container } from "../container/container.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { runNetworkProbe, type NetworkProbeDeps } from "./run-network-probe.ts";
import type { Probe } from "./probe.ts";

const container = { id: "c1", status: { state: "running", pid: 7, startedAtNs: "0" } } as unknown as Container;
const never = new AbortController().signal;
const page: Extract<Probe, { readonly kind: "http" }> = {
  kind: "http",
  secure: false,
  host: "localhost",
  port: 8080,
  path: "/ok",
};

/** A peer that answers with these pieces, then closes; undefined = it says nothing more. */
function peer(answer: readonly (string | undefined)[], refuses: readonly string[] = []) {
  const asked: string[] = [];
  const targets: string[] = [];
  let closed = 0;
  const sockets: NetworkProbeDeps["sockets"] = {
    secure: () => Promise.reject(new BerthError("unavailable", "TLS: no")),
    async connect(namespace, { host, port }, signal) {
      targets.push(`${namespace} ${host} ${port}`);
      if (refuses.includes(host)) throw new BerthError("unavailable", `connect ${host}:${port}: connection refused`);
      const pieces = [...answer];
      return {
        write: (bytes: Uint8Array) => void asked.push(Buffer.from(bytes).toString()),
        read: () => {
          if (pieces.length === 0) return Promise.resolve(undefined);
          const piece = pieces.shift();
          if (piece !== undefined) return Promise.resolve(new Uint8Array(Buffer.from(piece)));
          return new Promise<undefined>((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(new BerthError("cancelled", "given up")));
          });
        },
        close: () => void (closed += 1),
      };
    },
  };
  return { sockets, asked, targets, closed: () => closed };
}

const outcome = async (answer: readonly (string | undefined)[]): Promise<string> => {
  const { sockets } = peer(answer);
  const { exitCode, output } = await runNetworkProbe(
    { clock: new FakeClock(0n), sockets },
    container,
    page,
    1000,
    never,
  );
  return `${exitCode} ${output}`;
};

test("asks once, in the container's namespace, and closes", async () => {
  const { sockets, asked, targets, closed } = peer(["HTTP/1.1 204 No Content\r\n\r\n"]);
  const result = await runNetworkProbe({ clock: new FakeClock(0n), sockets }, container, page, 1000, never);
  expect(result).toEqual({ exitCode: 0, output: "HTTP/1.1 204 No Content\n" });
  expect(asked).toEqual([
    "GET /ok HTTP/1.0\r\nHost: localhost:8080\r\nUser-Agent: berth-health\r\nAccept: */*\r\n\r\n",
  ]);
  expect(targets).toEqual(["/proc/7/ns/net 127.0.0.1 8080"]);
  expect(closed()).toBe(1);
});

test("HTTPS without TLS on the other side", async () => {
  const { sockets, asked, closed } = peer(["HTTP/1.1 200 OK\r\n\r\n"]);
  const secure: Probe = { ...page, secure: true };
  const result = await runNetworkProbe({ clock: new FakeClock(0n), sockets }, container, secure, 1000, never);
  expect([result, asked, closed()]).toEqual([{ exitCode: 1, output: "TLS: no" }, [], 1]);
});

test("the status decides", async () => {
  expect(await outcome(["HTTP/1.0 200 OK\r\n\r\nfine"])).toBe("0 HTTP/1.0 200 OK\nfine");
  expect(await outcome(["HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"])).toStartWith("0 ");
  expect(await outcome(["HTTP/1.1 404 Not Found\r\n\r\n"])).toStartWith("1 ");
  expect(await outcome(["HTTP/1.1 503 Busy\r\n\r\n"])).toStartWith("1 ");
  expect(await outcome(["HTTP/1.1 100 Continue\r\n\r\n"])).toStartWith("1 ");
});

test("an answer in pieces, a long body, and what is no answer", async () => {
  expect(await outcome(["HTTP/1.1 200 O", "K\r\nContent-Length: 4\r\n", "\r\nab", "cd"])).toBe(
    "0 HTTP/1.1 200 OK\nabcd",
  );
  const long = await outcome([`HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n`, "x".repeat(5000), undefined]);
  expect(long.length).toBe(2 + 4096 + 3);
  expect(await outcome(["SSH-2.0-OpenSSH\r\n\r\n"])).toBe("1 SSH-2.0-OpenSSH\n");
  expect(await outcome([])).toBe("1 the connection was closed before an answer came");
  expect(await outcome(Array.from({ length: 10 }, () => "y".repeat(10_000)))).toBe("1 the answer's head is too long");
});

test("localhost is either of its addresses", async () => {
  const { sockets, targets } = peer(["HTTP/1.1 200 OK\r\n\r\n"], ["127.0.0.1"]);
  expect((await runNetworkProbe({ clock: new FakeClock(0n), sockets }, container, page, 1000, never)).exitCode).toBe(0);
  expect(targets.at(-1)).toBe("/proc/7/ns/net ::1 8080");
  const neither = peer([], ["127.0.0.1", "::1"]);
  const refused = await runNetworkProbe(
    { clock: new FakeClock(0n), sockets: neither.sockets },
    container,
    page,
    1000,
    never,
  );
  expect(refused).toEqual({ exitCode: 1, output: "connect 127.0.0.1:8080: connection refused" });
});

test("time ends it, and so does nobody being interested any more", async () => {
  const clock = new FakeClock(0n);
  const { sockets, closed } = peer([undefined]);
  const late = runNetworkProbe({ clock, sockets }, container, page, 1000, never);
  await settled();
  await clock.advance(1000);
  expect(await late).toEqual({ exitCode: -1, output: "Health check exceeded timeout (1s)" });
  const stop = new AbortController();
  const stopped = runNetworkProbe({ clock, sockets }, container, page, 1000, stop.signal);
  await settled();
  stop.abort();
  expect((await stopped).exitCode).toBe(-1);
  expect([closed(), clock.waiting]).toEqual([2, 0]);
});

test("TCP is content with a connection", async () => {
  const probe: Probe = { kind: "tcp", host: "10.0.0.1", port: 5432 };
  const { sockets, asked } = peer([]);
  const result = await runNetworkProbe({ clock: new FakeClock(0n), sockets }, container, probe, 1000, never);
  expect([result, asked]).toEqual([{ exitCode: 0, output: "connected" }, []]);
});

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { encodeAnswer, MAX_TCP_BYTES, parseQuery, rcodes, recordTypes, udpLimit } from "#network/dns/message.ts";

/**
 * A name server of the world at `host`:53. It knows "big.example" with 200 addresses and "N.example" with 192.0.2.N, says
 * nothing about "mute.example", and of all else that it does not exist.
 */
export class FakeUpstream {
  readonly asked: string[] = [];
  #udp: Socket | undefined;
  #tcp: Server | undefined;

  async open(host: string): Promise<void> {
    const udp = createSocket(host.includes(":") ? "udp6" : "udp4");
    udp.on("message", (bytes, from) => {
      const answer = this.#answer(bytes, "udp");
      if (answer !== undefined) udp.send(answer, from.port, from.address);
    });
    await new Promise<void>((resolve) => udp.bind(53, host, resolve));
    this.#udp = udp;
    const tcp = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        const answer = this.#answer(chunk.subarray(2), "tcp");
        if (answer !== undefined)
          socket.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]));
      });
    });
    await new Promise<void>((resolve) => tcp.listen(53, host, resolve));
    this.#tcp = tcp;
  }

  close(): void {
    this.#udp?.close();
    this.#tcp?.close();
  }

  #answer(bytes: Uint8Array, transport: "udp" | "tcp"): Uint8Array | undefined {
    const parsed = parseQuery(bytes);
    if (parsed.kind !== "query") return undefined;
    const { query } = parsed;
    this.asked.push(`${transport} ${query.name}`);
    if (query.name === "mute.example") return undefined;
    const limit = transport === "udp" ? udpLimit(query) : MAX_TCP_BYTES;
    const record = (last: number) => ({ type: recordTypes.a, ttlSeconds: 1, data: Uint8Array.of(192, 0, 2, last) });
    const number = /^(\d+)\.example$/.exec(query.name)?.[1];
    if (query.name === "big.example")
      return encodeAnswer(
        query,
        rcodes.noError,
        Array.from({ length: 200 }, (_, index) => record(index)),
        limit,
      );
    if (number !== undefined) return encodeAnswer(query, rcodes.noError, [record(Number(number))], limit);
    return encodeAnswer(query, rcodes.nxDomain, [], limit);
  }
}

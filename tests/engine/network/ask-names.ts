/**
 * A name server's client, run inside a network namespace: `ask-names.ts udp|tcp SERVER NAME TYPE [UDP-BYTES] [COUNT]` asks
 * COUNT times from one port and prints one line of JSON for each answer; {"timeout":true} where there is none.
 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { formatIp } from "#host/netlink/address.ts";
import { encodeName } from "#network/dns/message.ts";

const [transport = "udp", server = "", name = "", type = "1", udpBytes = "0", count = "1"] = process.argv.slice(2);

function question(id: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(udpBytes === "0" ? 0 : 1, 10);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(Number(type), 0);
  tail.writeUInt16BE(1, 2);
  const opt = Buffer.from([0, 0, 41, Number(udpBytes) >> 8, Number(udpBytes) & 255, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, encodeName(name) ?? Buffer.alloc(1), tail, ...(udpBytes === "0" ? [] : [opt])]);
}

/** Of answers whose names are pointers, as ours are. */
function show(bytes: Buffer): string {
  const answers: string[] = [];
  let at = 12 + (encodeName(name)?.length ?? 1) + 4;
  for (let left = bytes.readUInt16BE(6); left > 0; left--) {
    const length = bytes.readUInt16BE(at + 10);
    const data = bytes.subarray(at + 12, at + 12 + length);
    answers.push([1, 28].includes(bytes.readUInt16BE(at + 2)) ? formatIp(data) : labels(data));
    at += 12 + length;
  }
  const flags = bytes.readUInt16BE(2);
  return JSON.stringify({ rcode: flags & 15, truncated: (flags & 0x200) !== 0, answers });
}

function labels(data: Buffer): string {
  const parts: string[] = [];
  for (let at = 0; (data[at] ?? 0) > 0; at += 1 + (data[at] ?? 0))
    parts.push(data.toString("latin1", at + 1, at + 1 + (data[at] ?? 0)));
  return parts.join(".");
}

function overUdp(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = createSocket("udp4");
  let got = 0;
  const timer = setTimeout(() => finish('{"timeout":true}'), 8000);
  const finish = (last?: string): void => {
    if (last !== undefined) console.log(last);
    clearTimeout(timer);
    socket.close();
    resolve();
  };
  socket.on("message", (bytes) => {
    console.log(show(bytes));
    if (++got === Number(count)) finish();
    else socket.send(question(got));
  });
  socket.on("error", (error) => finish(JSON.stringify({ error: error.message })));
  socket.bind(0, () => socket.connect(53, server, () => socket.send(question(0))));
  return promise;
}

function overTcp(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let bytes = Buffer.alloc(0);
  const socket = connect(53, server, () => {
    const message = question(1);
    socket.write(Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]));
  });
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return;
    console.log(show(bytes.subarray(2)));
    socket.destroy();
    resolve();
  });
  socket.on("error", (error) => {
    console.log(JSON.stringify({ error: error.message }));
    resolve();
  });
  return promise;
}

await (transport === "tcp" ? overTcp() : overUdp());

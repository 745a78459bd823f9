/**
 * `flood-names.ts COUNT [NAME]`: that many datagrams to 127.0.0.11, of noise or questions for names below NAME, as fast as it
 * can; prints the seconds it took.
 */
import { createSocket } from "node:dgram";
import { encodeName } from "#network/dns/message.ts";

const count = Number(process.argv[2]);
const name = process.argv[3];
const socket = createSocket("udp4");
await new Promise<void>((resolve) => socket.bind(0, () => socket.connect(53, "127.0.0.11", resolve)));

function question(number: number): Uint8Array | string {
  if (name === undefined) return "no";
  const id = number & 0xffff;
  const header = [id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...header, ...(encodeName(`n${number}.${name}`) ?? [0]), 0, 1, 0, 1]);
}

const begun = performance.now();
for (let sent = 0; sent < count; sent++) socket.send(question(sent));
console.log((performance.now() - begun) / 1000);
process.exit(0);

/**
 * `name-client.ts COUNT WARM-UP`: asks 127.0.0.11 for n0 to nCOUNT, one after the other; the milliseconds of each, as JSON.
 * The first WARM-UP of them once before, to pay for the start of this program.
 */
import { encodeName } from "#network/dns/message.ts";

const count = Number(process.argv[2]);
const warmUp = Number(process.argv[3]);
let heard: (answer: Buffer) => void = () => {};
// node:dgram leaves so much behind that the slowest answers would be this program's own collecting.
const socket = await Bun.udpSocket({
  connect: { hostname: "127.0.0.11", port: 53 },
  socket: { data: (_, answer) => heard(answer) },
});

async function ask(id: number): Promise<number> {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  const question = Buffer.concat([header, encodeName(`n${id}`) ?? Buffer.alloc(1), Buffer.from([0, 1, 0, 1])]);
  const begun = performance.now();
  const answer = await new Promise<Buffer>((resolve) => {
    heard = resolve;
    socket.send(question);
  });
  const ms = performance.now() - begun;
  if (answer.readUInt16BE(6) !== 1) throw new Error(`n${id} has no address`);
  return ms;
}

for (let id = 0; id < warmUp; id++) await ask(id);
const samples: number[] = [];
for (let id = 0; id < count; id++) samples.push(await ask(id));
console.log(JSON.stringify(samples));
process.exit(0);

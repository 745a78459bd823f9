/** `flood-names.ts COUNT`: that many datagrams of noise to 127.0.0.11, as fast as it can; prints the seconds it took. */
import { createSocket } from "node:dgram";

const count = Number(process.argv[2]);
const socket = createSocket("udp4");
await new Promise<void>((resolve) => socket.bind(0, () => socket.connect(53, "127.0.0.11", resolve)));
const begun = performance.now();
for (let sent = 0; sent < count; sent++) socket.send("no");
console.log((performance.now() - begun) / 1000);
process.exit(0);

/** `connect-client.ts ADDRESS PORT`: the median of 300 connections, answered or refused, in milliseconds. */
import { connect } from "node:net";
import { median } from "./measure.ts";

const [host = "", port = "0"] = process.argv.slice(2);

const samples: number[] = [];
for (let round = 0; round < 300; round++) {
  const begun = performance.now();
  await new Promise<void>((resolve) => {
    const socket = connect({ host, port: Number(port) });
    socket.once("connect", () => socket.destroy());
    socket.once("error", () => undefined);
    socket.once("close", () => resolve());
  });
  samples.push(performance.now() - begun);
}
console.log(median(samples).toFixed(4));

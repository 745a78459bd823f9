/**
 * One end of a conversation, run inside a network namespace by the network tests:
 *   serve tcp|udp ADDRESS PORT NAME   prints "ready"; answers each message with "NAME saw <client address>"
 *   ask udp ADDRESS PORT LOCAL MS     from port LOCAL; prints the answer, or "refused", "timeout" after MS, or the
 *                                     error's code
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const [mode, protocol, address, portText, name, patienceMs] = process.argv.slice(2);
const port = Number(portText);

function finish(text: string): never {
  console.log(text);
  process.exit(0);
}

function outcome(error: Error & { code?: string }): never {
  finish(error.code === "ECONNREFUSED" ? "refused" : (error.code ?? error.message));
}

if (mode === "serve" && protocol === "tcp") {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(`${name} saw ${socket.remoteAddress}\n`);
  });
  server.listen(port, address, () => console.log("ready"));
} else if (mode === "serve") {
  const socket = createSocket("udp4");
  socket.on("message", (_, from) => socket.send(`${name} saw ${from.address}`, from.port, from.address));
  socket.bind(port, address, () => console.log("ready"));
} else {
  setTimeout(() => finish("timeout"), Number(patienceMs));
  const socket = createSocket("udp4");
  socket.on("message", (bytes) => finish(bytes.toString().trim()));
  socket.on("error", outcome);
  socket.bind(Number(name ?? 0), () => socket.connect(port, address, () => socket.send("?")));
}

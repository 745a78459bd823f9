/**
 * One end of a conversation, run inside a network namespace by the network tests:
 *   serve tcp|udp ADDRESS PORT NAME   prints "ready"; answers each message with "NAME saw <client address>"
 *   sink tcp ADDRESS PORT NAME        prints "ready"; then "BYTES MS" for the first connection: what came, and how long after
 *                                     its first byte the last one came
 *   ask udp ADDRESS PORT LOCAL MS     from port LOCAL; prints the answer, or "refused", "timeout" after MS, or the
 *                                     error's code
 *   probe JSON MS                     asks every [protocol, address, port] of a JSON list at once; prints a JSON list of
 *                                     what `ask` would print
 */
import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";

const [mode, ...words] = process.argv.slice(2);

const withoutMapping = (address: string | undefined): string => address?.replace(/^::ffff:/, "") ?? "";

function serve([protocol, address, portText, name]: readonly string[]): void {
  const port = Number(portText);
  if (protocol === "tcp") {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(`${name} saw ${withoutMapping(socket.remoteAddress)}\n`);
    });
    server.listen(port, address, () => console.log("ready"));
    return;
  }
  const socket = createSocket(address?.includes(":") === true ? "udp6" : "udp4");
  socket.on("message", (_, from) =>
    socket.send(`${name} saw ${withoutMapping(from.address)}`, from.port, from.address),
  );
  socket.bind(port, address, () => console.log("ready"));
}

function sink([, address, portText]: readonly string[]): void {
  const server = createServer((socket) => {
    let bytes = 0;
    let beganMs: number | undefined;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      beganMs ??= performance.now();
    });
    socket.on("error", () => undefined);
    socket.on("end", () => {
      console.log(`${bytes} ${Math.round(performance.now() - (beganMs ?? 0))}`);
      process.exit(0);
    });
  });
  server.listen(Number(portText), address, () => console.log("ready"));
}

function ask(protocol: string, address: string, port: number, patienceMs: number, localPort = 0): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const failed = (error: Error & { code?: string }): void =>
    resolve(error.code === "ECONNREFUSED" ? "refused" : (error.code ?? error.message));
  setTimeout(() => resolve("timeout"), patienceMs);
  if (protocol === "tcp") {
    let answer = "";
    const socket = connect({ host: address, port });
    socket.on("data", (bytes) => (answer += bytes.toString()));
    socket.on("end", () => resolve(answer.trim()));
    socket.on("error", failed);
    return promise;
  }
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (bytes) => resolve(bytes.toString().trim()));
  socket.on("error", failed);
  socket.bind(localPort, () => socket.connect(port, address, () => socket.send("?")));
  return promise;
}

if (mode === "serve") serve(words);
else if (mode === "sink") sink(words);
else if (mode === "probe") {
  const [list = "[]", patienceMs] = words;
  const wanted = JSON.parse(list) as readonly (readonly [string, string, number])[];
  const answers = await Promise.all(wanted.map((one) => ask(...one, Number(patienceMs))));
  console.log(JSON.stringify(answers));
  process.exit(0);
} else {
  const [protocol = "", address = "", port, localPort, patienceMs] = words;
  console.log(await ask(protocol, address, Number(port), Number(patienceMs), Number(localPort)));
  process.exit(0);
}

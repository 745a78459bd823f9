import { messageOf } from "#base/errors.ts";
import { formatDuration } from "#base/units.ts";
import type { Container } from "../container/container.ts";
import type { Clock, NamespaceConnection, NamespaceSockets } from "../ports.ts";
import type { ProbeResult } from "./health.ts";
import type { Probe } from "./probe.ts";
import { ProbeOutput } from "./run-exec-probe.ts";

export interface NetworkProbeDeps {
  readonly clock: Clock;
  readonly sockets: NamespaceSockets;
}

type Outcome = Pick<ProbeResult, "exitCode" | "output">;

/** Connect, and for HTTP ask, from within the container's network: nothing of it is needed in the image. */
export async function runNetworkProbe(
  deps: NetworkProbeDeps,
  container: Container,
  probe: Extract<Probe, { readonly kind: "tcp" | "http" }>,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Outcome> {
  const { status } = container;
  if (status.state !== "running") return { exitCode: -1, output: `container ${container.id} is not running` };
  const limit = new AbortController();
  const end = (): void => limit.abort();
  const cancelTimer = deps.clock.after(timeoutMs, end);
  stop.addEventListener("abort", end, { once: true });
  let connection: NamespaceConnection | undefined;
  try {
    connection = await connect(deps, `/proc/${status.pid}/ns/net`, probe, limit.signal);
    if (probe.kind === "http" && probe.secure) connection = await deps.sockets.secure(connection);
    return probe.kind === "http" ? await ask(connection, probe) : { exitCode: 0, output: "connected" };
  } catch (error) {
    if (!limit.signal.aborted) return { exitCode: 1, output: messageOf(error) };
    const time = formatDuration(BigInt(Math.trunc(timeoutMs * 1e6)));
    return { exitCode: -1, output: `Health check exceeded timeout (${time})` };
  } finally {
    cancelTimer();
    stop.removeEventListener("abort", end);
    connection?.close();
  }
}

/** `localhost` is tried as both of its addresses; what the first says is told when neither answers. */
async function connect(
  deps: NetworkProbeDeps,
  namespace: string,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<NamespaceConnection> {
  if (host !== "localhost") return deps.sockets.connect(namespace, { host, port }, signal);
  try {
    return await deps.sockets.connect(namespace, { host: "127.0.0.1", port }, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return deps.sockets.connect(namespace, { host: "::1", port }, signal).catch(() => {
      throw error;
    });
  }
}

const longestHeadBytes = 64 << 10;

/** RFC 9112; asked as HTTP/1.0, so that the answer comes in one piece and ends with the connection. */
async function ask(
  connection: NamespaceConnection,
  { host, port, path }: { readonly host: string; readonly port: number; readonly path: string },
): Promise<Outcome> {
  const name = host.includes(":") ? `[${host}]` : host;
  const head = [`GET ${path} HTTP/1.0`, `Host: ${name}:${port}`, "User-Agent: berth-health", "Accept: */*"];
  connection.write(Buffer.from(`${head.join("\r\n")}\r\n\r\n`));
  let answer = Buffer.alloc(0);
  for (let end = -1; end < 0;) {
    const bytes = await connection.read();
    if (bytes === undefined) return { exitCode: 1, output: "the connection was closed before an answer came" };
    answer = Buffer.concat([answer, bytes]);
    end = answer.indexOf("\r\n\r\n");
    if (end < 0 && answer.byteLength > longestHeadBytes)
      return { exitCode: 1, output: "the answer's head is too long" };
  }
  const end = answer.indexOf("\r\n\r\n");
  const [statusLine = "", ...fields] = answer.toString("latin1", 0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1]);
  const output = new ProbeOutput();
  output.add(Buffer.from(`${statusLine}\n`));
  output.add(answer.subarray(end + 4));
  await readBody(connection, answer.byteLength - end - 4, contentLength(fields), output);
  return { exitCode: status >= 200 && status < 400 ? 0 : 1, output: output.text };
}

/** What is shown of the body, as far as it has an end: the head alone decides. */
async function readBody(
  connection: NamespaceConnection,
  had: number,
  length: number,
  output: ProbeOutput,
): Promise<void> {
  let received = had;
  while (received < length && !output.full) {
    const bytes = await connection.read();
    if (bytes === undefined) return;
    received += bytes.byteLength;
    output.add(bytes);
  }
}

/** 0 when the answer does not say. */
function contentLength(fields: readonly string[]): number {
  for (const field of fields) {
    const match = /^content-length:\s*(\d{1,15})\s*$/i.exec(field);
    if (match !== null) return Number(match[1]);
  }
  return 0;
}

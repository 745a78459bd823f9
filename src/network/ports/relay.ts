import { PolledStream } from "#host/sockets/polled-stream.ts";
import type { Poller } from "#host/sockets/poller.ts";
import { socketAddress } from "#host/sockets/namespace-sockets.ts";
import { watchStreams } from "#host/sockets/socket-servers.ts";
import type { RelayTarget } from "./host-ports.ts";

const CHUNK_BYTES = 64 << 10;
const CONNECT_MS = 10_000;

/**
 * Connects each who comes in at the listening socket `fd` with `target`, byte for byte, and passes on either side's end.
 * Connections last until close(), or until they end.
 */
export function relayStreams(poller: Poller, fd: number, target: RelayTarget): { close(): void } {
  const open = new Set<PolledStream>();
  const watch = watchStreams(poller, fd, (client) => {
    void relayOne(poller, client, target, open);
  });
  return {
    close() {
      watch.close();
      for (const stream of open) stream.close();
    },
  };
}

async function relayOne(
  poller: Poller,
  client: PolledStream,
  target: RelayTarget,
  open: Set<PolledStream>,
): Promise<void> {
  const streams = [client];
  const keep = (stream: PolledStream): PolledStream => {
    streams.push(stream);
    open.add(stream);
    return stream;
  };
  open.add(client);
  try {
    const place = { namespaceFd: undefined, ...socketAddress(target) };
    const server = keep(await PolledStream.connect(poller, place, AbortSignal.timeout(CONNECT_MS)));
    // Each direction waits on a descriptor of its own.
    await Promise.all([copy(client, keep(server.twin())), copy(server, keep(client.twin()))]);
  } catch {
    // The container does not answer: the client sees its connection close.
  } finally {
    for (const stream of streams) {
      open.delete(stream);
      stream.close();
    }
  }
}

async function copy(from: PolledStream, to: PolledStream): Promise<void> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const count = await from.read(buffer);
    if (count === 0 || !(await to.write(buffer.subarray(0, count)))) break;
  }
  to.end();
}

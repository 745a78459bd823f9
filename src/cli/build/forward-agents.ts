import type { BuildMessage } from "#client/build-lines.ts";
import type { BuildApi } from "#client/build-api.ts";
import { readAll, type Duplex } from "#host/http/duplex.ts";
import { dialSocket } from "#host/http/socket.ts";
import type { BuildOptions } from "#spec/berth/build-options.ts";

/** What a person is to see of a build, and its outputs. */
export type ShownMessage = Exclude<BuildMessage, { readonly type: "agent" }>;

/**
 * The messages of a build but those that ask for an ssh agent of this machine: each gets a connection of its own, from the
 * engine to the agent. An agent that is not there is told there as one that hangs up.
 */
export async function* forwardAgents(
  messages: AsyncIterable<BuildMessage>,
  { agents }: Pick<BuildOptions, "agents">,
  api: Pick<BuildApi, "openAgent">,
): AsyncGenerator<ShownMessage, void> {
  const open = new Set<Duplex>();
  try {
    for await (const message of messages) {
      if (message.type !== "agent") yield message;
      else forward(message.connection, agents[message.id] ?? "", api, open).catch(() => undefined);
    }
  } finally {
    for (const stream of open) stream.close();
  }
}

async function forward(
  connection: string,
  path: string,
  api: Pick<BuildApi, "openAgent">,
  open: Set<Duplex>,
): Promise<void> {
  const { stream: engine } = await api.openAgent(connection);
  open.add(engine);
  let agent: Duplex | undefined;
  try {
    agent = await dialSocket({ kind: "unix", path })();
    open.add(agent);
    await Promise.race([carry(engine, agent), carry(agent, engine)]);
  } finally {
    for (const stream of [engine, agent]) {
      stream?.close();
      if (stream !== undefined) open.delete(stream);
    }
  }
}

async function carry(from: Duplex, to: Duplex): Promise<void> {
  for await (const chunk of readAll(from)) await to.write(chunk);
}

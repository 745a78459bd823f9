import { BerthError } from "#base/errors.ts";
import type { Duplex } from "#host/http/duplex.ts";
import type { Handler, Invocation } from "../command.ts";

/** `system dial-stdio`: this process's stdin and stdout as a connection to the engine; each half closes by itself. */
export const dialStdio: Handler = async (invocation) => {
  const { io } = invocation;
  const stream = await dialed(invocation);
  const toEngine = async (): Promise<void> => {
    for (let chunk = await io.stdin.read(); chunk !== undefined; chunk = await io.stdin.read())
      await stream.write(chunk);
    await stream.endWrite();
  };
  const sending = toEngine();
  sending.catch(() => undefined); // the engine closed first: its output says how it ended
  for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) io.stdout.write(chunk);
  stream.close();
  return 0;
};

async function dialed({ dial, engine }: Invocation): Promise<Duplex> {
  try {
    return await dial();
  } catch (cause) {
    const { host } = await engine();
    throw new BerthError(
      "unavailable",
      `Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?`,
      {
        cause,
      },
    );
  }
}

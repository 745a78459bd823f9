import type { Handler } from "../command.ts";

/** `system dial-stdio`: this process's stdin and stdout as a connection to the engine; each half closes by itself. */
export const dialStdio: Handler = async ({ io, dial }) => {
  const stream = await dial();
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

import { BerthError, isBerthError } from "#base/errors.ts";
import { isDaemonAnswer } from "#client/api-error.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { Handler } from "../command.ts";
import { portText, pullText } from "./why-other-text.ts";
import { whyText } from "./why-text.ts";

const PORT = /^:?(\d{1,5})(?:\/(?:tcp|udp|sctp))?$/;

/**
 * `why`: how containers ended, and who ended them, also those that have been removed; why pulls of an image failed; who
 * has a port. `container why` knows containers alone.
 */
export const why: Handler = async ({ args, flags, io, client, commandPath }) => {
  const format = flags.text("format");
  if (format !== "" && format !== "json" && format !== "text") {
    throw new BerthError("invalid-parameter", `unknown format ${JSON.stringify(format)}: want text or json`);
  }
  const [name = ""] = args;
  const { answer, text } = await explained(await client(), name, commandPath.endsWith(" container why"), io.now());
  io.stdout.write(format === "json" ? `${JSON.stringify(answer, undefined, 2)}\n` : text());
  return 0;
};

interface Explained {
  readonly answer: unknown;
  readonly text: () => string;
}

async function explained(
  { containers, networks, images }: EngineClient,
  name: string,
  isContainer: boolean,
  now: number,
): Promise<Explained> {
  const nowNs = BigInt(now) * 1_000_000n;
  const port = PORT.exec(name)?.[1];
  if (port !== undefined && !isContainer) {
    const answer = await networks.whyPort(Number(port));
    return { answer, text: () => portText(answer) };
  }
  try {
    const answer = await containers.why(name);
    return { answer, text: () => whyText(answer, nowNs) };
  } catch (error) {
    if (isContainer || !isDaemonAnswer(error) || !isBerthError(error, "not-found")) throw error;
    const answer = await images.why(name).catch(() => undefined);
    if (answer === undefined || answer.Failures.length === 0) {
      const message = `No such container: ${name}, and no pull of an image of that name has failed since the last that succeeded`;
      throw new BerthError("not-found", message, { cause: error, details: error.details });
    }
    return { answer, text: () => pullText(answer, nowNs) };
  }
}

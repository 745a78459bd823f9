import { BerthError } from "#base/errors.ts";
import type { Handler } from "../command.ts";
import { whyText } from "./why-text.ts";

/** `why`: how containers ended, and who ended them; also those that have been removed. */
export const why: Handler = async ({ args, flags, io, client }) => {
  const format = flags.text("format");
  if (format !== "" && format !== "json" && format !== "text") {
    throw new BerthError("invalid-parameter", `unknown format ${JSON.stringify(format)}: want text or json`);
  }
  const { containers } = await client();
  const [name = ""] = args;
  const answer = await containers.why(name);
  io.stdout.write(
    format === "json" ? `${JSON.stringify(answer, undefined, 2)}\n` : whyText(answer, BigInt(Date.now()) * 1_000_000n),
  );
  return 0;
};

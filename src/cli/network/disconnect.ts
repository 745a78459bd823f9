import type { Handler } from "../command.ts";

/** `network disconnect`. */
export const disconnect: Handler = async ({ flags, args, client }) => {
  const [network = "", container = ""] = args;
  await (await client()).networks.disconnect(network, container, { force: flags.on("force") });
  return 0;
};

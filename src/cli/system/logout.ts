import type { Handler } from "../command.ts";
import { eraseCredentials } from "../config/credentials.ts";
import { serverKey } from "./login.ts";

/** `logout`: forgets the credentials of a registry. */
export const logout: Handler = async ({ args, io, config }) => {
  const server = serverKey(args[0]);
  await eraseCredentials(config, io, server);
  // docker-compat: also when there were none.
  io.stdout.write(`Removing login credentials for ${server}\n`);
  return 0;
};

import type { Handler } from "../command.ts";
import { eraseCredentials } from "../config/credentials.ts";
import { serverKey } from "./login.ts";

/** `logout`: forgets the credentials of a registry. */
export const logout: Handler = async ({ args, io, config }) => {
  const server = serverKey(args[0]);
  if (await eraseCredentials(config, io, server)) io.stdout.write(`Removing login credentials for ${server}\n`);
  else io.stdout.write(`Not logged in to ${server}\n`);
  return 0;
};

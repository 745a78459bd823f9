import { isBerthError } from "#base/errors.ts";
import type { Handler } from "../command.ts";
import { shownMessage } from "../errors.ts";
import { eachOf } from "../each.ts";

/** `rm`: with `--force` a container that is not there is told and forgiven. */
export const removeContainers: Handler = async ({ flags, args, io, client }) => {
  const api = await client();
  const options = { volumes: flags.on("volumes"), link: flags.on("link"), force: flags.on("force") };
  return eachOf(args, io, async (given) => {
    const name = given.replace(/^\/+|\/+$/g, "");
    if (name === "") throw new Error("container name cannot be empty");
    try {
      await api.containers.remove(name, options);
    } catch (error) {
      if (!options.force || !isBerthError(error, "not-found")) throw error;
      io.stderr.write(`${shownMessage(error)}\n`);
      return undefined;
    }
    return given;
  });
};

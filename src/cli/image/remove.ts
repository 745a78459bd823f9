import { isBerthError } from "#base/errors.ts";
import type { Handler } from "../command.ts";
import { platformJson } from "./platform-json.ts";
import { ExitError, shownMessage } from "../errors.ts";

/** `rmi`: one after the other, each untagged or deleted name a line. With `--force` images that are not there do no harm. */
export const removeImages: Handler = async ({ flags, args, io, client }) => {
  const api = await client();
  const platforms = flags.list("platform").map(platformJson);
  const force = flags.on("force");
  const failures: string[] = [];
  let fatal = false;
  for (const name of args) {
    try {
      const removed = await api.images.remove(name, {
        force,
        noPrune: flags.on("no-prune"),
        ...(platforms.length === 0 ? {} : { platforms }),
      });
      for (const item of removed)
        io.stdout.write("Deleted" in item ? `Deleted: ${item.Deleted}\n` : `Untagged: ${item.Untagged}\n`);
    } catch (error) {
      if (!isBerthError(error, "not-found")) fatal = true;
      failures.push(shownMessage(error));
    }
  }
  if (failures.length === 0) return 0;
  if (!force || fatal) throw new ExitError(1, failures.join("\n"));
  io.stderr.write(`${failures.join("\n")}\n`);
  return 0;
};

import type { Handler } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";

/** `volume rm`: one after the other. What `--force` forgives is the engine's to say. */
export const removeVolumes: Handler = async ({ flags, args, io, client }) => {
  const api = await client();
  const failures: string[] = [];
  for (const name of args) {
    try {
      await api.volumes.remove(name, { force: flags.on("force") });
      io.stdout.write(`${name}\n`);
    } catch (error) {
      failures.push(shownMessage(error));
    }
  }
  if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
  return 0;
};

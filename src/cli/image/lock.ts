import type { Handler } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";

/** `image lock` and `image unlock`: one after the other. */
export const lockImages =
  (locked: boolean): Handler =>
  async ({ args, io, client }) => {
    const api = await client();
    const failures: string[] = [];
    for (const name of args) {
      try {
        await api.images.lock(name, locked);
        io.stdout.write(`${name}\n`);
      } catch (error) {
        failures.push(shownMessage(error));
      }
    }
    if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
    return 0;
  };

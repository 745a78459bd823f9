import type { Handler } from "../command.ts";
import { eachOf } from "../each.ts";

/** `image lock` and `image unlock`. */
export const lockImages =
  (locked: boolean): Handler =>
  async ({ args, io, client }) => {
    const api = await client();
    return eachOf(args, io, async (name) => {
      await api.images.lock(name, locked);
      return name;
    });
  };

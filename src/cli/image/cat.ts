import type { Handler } from "../command.ts";
import { tarMembers } from "./tar-members.ts";

/** `image cat`: files of an image on standard output. */
export const cat: Handler = async ({ args, io, client }) => {
  const [name = "", ...paths] = args;
  const api = await client();
  for (const path of paths) {
    const [top] = await tarMembers(await api.images.files(name, path), {
      onData: (_entry, bytes) => io.stdout.write(new Uint8Array(bytes)),
    });
    if (top?.entry.type === "file") continue;
    const what = top?.entry.type === "symlink" ? `a link to ${top.entry.linkName}` : "no file";
    throw new Error(`${path} in image ${name} is ${what}`);
  }
  return 0;
};

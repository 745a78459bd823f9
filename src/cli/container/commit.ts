import { canonicalName, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";

/** `commit`: prints the new image's id. */
export const commit: Handler = async ({ flags, args, io, client }) => {
  const [container = "", reference = ""] = args;
  const api = await client();
  const name = reference === "" ? undefined : withDefaultTag(parseReference(reference));
  if (name?.digest !== undefined) throw new Error("refusing to create a tag with a digest reference");
  const id = await api.containers.commit(container, {
    ...(name === undefined ? {} : { repository: canonicalName(name), tag: name.tag ?? "" }),
    comment: flags.text("message"),
    author: flags.text("author"),
    changes: flags.list("change"),
    pause: flags.on("pause"),
  });
  io.stdout.write(`${id}\n`);
  return 0;
};

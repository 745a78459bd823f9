import { BerthError, messageOf } from "#base/errors.ts";
import { canonicalName, parseReference, withDefaultTag, type Reference } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";

/** `tag`: one more name for an image. */
export const tag: Handler = async ({ args, client }) => {
  const [source = "", target = ""] = args;
  const reference = withDefaultTag(targetOf(target));
  if (reference.digest !== undefined)
    throw new BerthError("invalid-parameter", "refusing to create a tag with a digest reference");
  const api = await client();
  await api.images.tag(source, { repo: canonicalName(reference), tag: reference.tag ?? "" });
  return 0;
};

function targetOf(target: string): Reference {
  try {
    return parseReference(target);
  } catch (cause) {
    throw new BerthError(
      "invalid-parameter",
      `Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: ${messageOf(cause)}`,
      { cause },
    );
  }
}

import { isBerthError } from "#base/errors.ts";
import { parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Invocation } from "../command.ts";
import { pullImage, shownName } from "../image/pull-image.ts";

/** Pull the image with the tools, unless it is here. */
export async function pullTools(tools: string, invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const client = await invocation.client();
  try {
    await client.images.inspect(tools);
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
    const reference = withDefaultTag(parseReference(tools));
    io.stderr.write(`Unable to find image '${shownName(reference)}' locally\n`);
    await pullImage(invocation, { reference, platform: "", output: io.stderr });
  }
}

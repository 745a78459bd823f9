import { canonicalName, familiarString, type Reference } from "#spec/oci/reference.ts";
import type { CliOutput } from "../cli-io.ts";
import type { Invocation } from "../command.ts";
import { withPullQuestion } from "../next-step.ts";
import { showProgress } from "./progress.ts";
import { registryAuth } from "./registry-auth.ts";

export interface PullRequest {
  readonly reference: Reference;
  readonly allTags?: boolean;
  readonly platform: string;
  /** Progress goes here; nowhere when undefined. */
  readonly output: CliOutput | undefined;
}

/** Pulls by tag, digest or all tags, showing progress. Throws what the daemon reports, in the stream too. */
export async function pullImage(
  invocation: Pick<Invocation, "client" | "config" | "io">,
  request: PullRequest,
): Promise<void> {
  const { reference, platform, allTags } = request;
  const client = await invocation.client();
  const tag = reference.digest ?? reference.tag;
  const auth = await registryAuth(invocation.config, invocation.io, reference.domain);
  try {
    const messages = await client.images.pull({
      image: canonicalName(reference),
      registryAuth: auth,
      ...(allTags === true || tag === undefined ? {} : { tag }),
      ...(platform === "" ? {} : { platform }),
    });
    await showProgress(messages, request.output);
  } catch (error) {
    throw await withPullQuestion(error, client, invocation.io, shownName(reference));
  }
}

/** The name as it is told to the person. */
export function shownName(reference: Reference): string {
  return familiarString(reference);
}

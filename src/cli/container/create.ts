import type { Handler, Invocation } from "../command.ts";
import { createContainer, requestOf } from "./create-container.ts";
import { withHelp } from "./with-help.ts";

/** `create`: prints the new container's id. */
export const create: Handler = async (invocation) => {
  const request = checkedRequest(invocation);
  const { id } = await createContainer(invocation, request);
  invocation.io.stdout.write(`${id}\n`);
  return 0;
};

function checkedRequest(invocation: Invocation): ReturnType<typeof requestOf> {
  try {
    return requestOf(invocation);
  } catch (error) {
    throw withHelp(error, invocation, 125);
  }
}

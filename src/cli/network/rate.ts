import type { Handler } from "../command.ts";

/** `network rate`: limit a container's endpoints, or limit them no more. */
export const setRate: Handler = async ({ args, client }) => {
  const [container = "", rate = ""] = args;
  await (await client()).containers.setNetworkRate(container, rate);
  return 0;
};

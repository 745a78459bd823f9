import { isBerthError } from "#base/errors.ts";
import { isDaemonAnswer } from "#client/api-error.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { Handler } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";
import { confirmed } from "../prune/confirm.ts";

const INGRESS_WARNING =
  "WARNING! Before removing the routing-mesh network, make sure all the nodes in your swarm run the same docker engine version. Otherwise, removal may not be effective and functionality of newly create ingress networks will be impaired.";

/** `network rm`: one after the other. A swarm's routing mesh is removed after a yes; `--force` forgives what is not there. */
export const removeNetworks: Handler = async ({ flags, args, io, client }) => {
  const api = await client();
  let failed = false;
  for (const name of args) {
    if ((await isIngress(api, name)) && !(await confirmed(io, INGRESS_WARNING))) continue;
    try {
      await api.networks.remove(name);
      io.stdout.write(`${name}\n`);
    } catch (error) {
      if (flags.on("force") && isBerthError(error, "not-found")) continue;
      io.stderr.write(`${shownMessage(error)}\n`);
      failed = true;
    }
  }
  if (failed) throw new ExitError(1, "exit status 1");
  return 0;
};

/** False for what cannot be looked at: its removal tells why. */
async function isIngress(api: EngineClient, name: string): Promise<boolean> {
  try {
    return (await api.networks.inspect(name)).Ingress;
  } catch (error) {
    if (isDaemonAnswer(error) || isBerthError(error, "invalid-parameter")) return false;
    throw error;
  }
}

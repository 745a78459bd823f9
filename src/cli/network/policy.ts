import type { EngineClient } from "#client/engine-client.ts";
import type { Handler } from "../command.ts";

/** `network policy allow`: prints the rules as they are now. */
export const allowPolicy: Handler = async ({ flags, args, io, client }) => {
  const api = await client();
  const network = flags.text("network") || (await sharedNetwork(api, args));
  const { Rules } = await api.networks.changePolicy(network, { Allow: args });
  io.stdout.write(Rules.map((rule) => `${rule}\n`).join(""));
  return 0;
};

/** `network policy rm`: prints the rules that are left. */
export const removePolicy: Handler = async ({ flags, args, io, client }) => {
  const api = await client();
  const network = flags.text("network") || (await sharedNetwork(api, args));
  const { Rules } = await api.networks.changePolicy(network, { Remove: args });
  io.stdout.write(Rules.map((rule) => `${rule}\n`).join(""));
  return 0;
};

/** `network policy ls`: of one network, or of all that have a policy. */
export const listPolicies: Handler = async ({ args, io, client }) => {
  const { networks } = await client();
  const names = args.length > 0 ? args : (await networks.list()).map(({ Name }) => Name);
  for (const name of names) {
    const { Network, Enforced, Rules } = await networks.policy(name);
    if (args.length === 0 && !Enforced) continue;
    const rest = Enforced ? "everything else is dropped" : "no policy: everything passes";
    io.stdout.write(`${Network}: ${rest}\n${Rules.map((rule) => `  ${rule}\n`).join("")}`);
  }
  return 0;
};

/** The one network that people made in which the containers of the first rule both are. */
async function sharedNetwork(api: EngineClient, rules: readonly string[]): Promise<string> {
  const [from = "", to = ""] = (rules[0] ?? "").split("->").map((name) => name.trim().split(":")[0] ?? "");
  const fail = (why: string): Error => new Error(`${why}: name the network with --network`);
  if (from === "" || to === "" || from === "*" || to === "*") throw fail("the rule does not name two containers");
  const [ours, theirs] = await Promise.all([from, to].map((name) => networksOf(api, name)));
  const shared = (ours ?? []).filter((name) => theirs?.includes(name) === true);
  const [only] = shared;
  if (only === undefined || shared.length > 1) {
    throw fail(`${from} and ${to} share ${shared.length === 0 ? "no network" : `the networks ${shared.join(", ")}`}`);
  }
  return only;
}

async function networksOf(api: EngineClient, container: string): Promise<readonly string[]> {
  const { NetworkSettings } = await api.containers.inspect(container);
  return Object.keys(NetworkSettings.Networks ?? {}).filter((name) => !["bridge", "host", "none"].includes(name));
}

import type { Log } from "#base/log.ts";
import { sha256Hex } from "#base/sha256.ts";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import { NetworkStore } from "#state/network-store.ts";
import { LocalNetworks } from "./local-networks.ts";
import type { NetworkOptions } from "./network-options.ts";
import { validateEndpointSpec, validateNetworkSpec } from "./network-rows.ts";
import { SocketHolder } from "./ports/socket-holder.ts";

/** The predefined networks over this machine's kernel. Nothing is touched before `reconcile`. */
export function openNetworks(deps: {
  readonly database: SqlDatabase;
  readonly log: Log;
  readonly now: () => Date;
  readonly options: NetworkOptions;
}): LocalNetworks {
  const rows = new NetworkStore({
    database: deps.database,
    validateNetwork: validateNetworkSpec,
    validateEndpoint: validateEndpointSpec,
  });
  return new LocalNetworks({ rows, holder: new SocketHolder(), log: deps.log, now: deps.now, options: deps.options });
}

/** {@link NetworkOptions.instance} of the engine with this data root: two engines never share one. */
export function instanceOf(dataRoot: string): string {
  return sha256Hex(dataRoot).slice(0, 8);
}

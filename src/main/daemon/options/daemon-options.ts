import { containerOptions } from "./container-options.ts";
import { listenOptions } from "./listen-options.ts";
import { logOptions } from "./log-options.ts";
import { networkOptions } from "./network-options.ts";
import type { Option } from "./option.ts";
import { registryOptions } from "./registry-options.ts";
import { stateOptions } from "./state-options.ts";

/** Every setting of the engine. Flags, daemon.json, `--help` and docs/configuration.md are made of this table. */
export const daemonOptions: readonly Option[] = [
  ...listenOptions,
  ...stateOptions,
  ...logOptions,
  ...containerOptions,
  ...networkOptions,
  ...registryOptions,
];

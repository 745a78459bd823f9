import type { Command } from "../command.ts";
import { buildCommands } from "./build-commands.ts";
import { containerCommands } from "./container-commands.ts";
import { containerSettingsCommands } from "./container-settings-commands.ts";
import { contextCommands } from "./context-commands.ts";
import { imageCommands } from "./image-commands.ts";
import { manifestCommands } from "./manifest-commands.ts";
import { networkCommands } from "./network-commands.ts";
import { systemCommands } from "./system-commands.ts";
import { volumeCommands } from "./volume-commands.ts";
import { volumeCopyCommands } from "./volume-copy-commands.ts";

/** Every command of the engine's client at once, for who reads them all; the program itself loads them by family. */
export const engineCommands: readonly Command[] = [
  ...buildCommands,
  ...containerSettingsCommands,
  ...containerCommands,
  ...contextCommands,
  ...imageCommands,
  ...manifestCommands,
  ...networkCommands,
  ...systemCommands,
  ...volumeCommands,
  ...volumeCopyCommands,
];

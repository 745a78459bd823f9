import { int, list, text, toggle, type FlagSpec } from "#cli/flags/flag-kind.ts";

export const switchFlag = (name: string, usage: string, more: Partial<FlagSpec> = {}): FlagSpec => ({
  name,
  kind: toggle,
  usage,
  ...more,
});
export const textFlag = (name: string, usage: string, more: Partial<FlagSpec> = {}): FlagSpec => ({
  name,
  kind: text,
  usage,
  ...more,
});
export const listFlag = (name: string, usage: string, more: Partial<FlagSpec> = {}): FlagSpec => ({
  name,
  kind: list,
  usage,
  ...more,
});
export const on = { value: true, fallback: "true" } as const;

/** Of `compose`, and of each of its commands. */
export const dryRun = switchFlag("dry-run", "Execute command in dry run mode");

/** As docker compose up to 2.35 spells it. */
export const earlierNoTty = switchFlag("no-TTY", "Disable pseudo-TTY allocation", { hidden: true, aliasOf: "no-tty" });

export const quiet = switchFlag("quiet", "Only display IDs", { short: "q" });
export const index: FlagSpec = {
  name: "index",
  kind: int,
  usage: "Index of the container if service has multiple replicas",
};
export const timeout: FlagSpec = {
  name: "timeout",
  short: "t",
  kind: int,
  usage: "Specify a shutdown timeout in seconds",
};
export const format = (usage: string, value = ""): FlagSpec =>
  textFlag("format", usage, value === "" ? {} : { value, fallback: JSON.stringify(value) });
export const detachKeys = textFlag("detach-keys", "Override the key sequence for detaching from a container.");
export const removeOrphans = switchFlag(
  "remove-orphans",
  "Remove containers for services not defined in the Compose file",
);
export const noColour = switchFlag("no-color", "Produce monochrome output");
export const noPrefix = switchFlag("no-log-prefix", "Don't print prefix in logs");
export const scaleFlag = listFlag(
  "scale",
  "Scale SERVICE to NUM instances. Overrides the `scale` setting in the Compose file if present.",
);
export const pullPolicy = (words: string): FlagSpec =>
  textFlag("pull", `Pull image before running (${words})`, { value: "policy", fallback: '"policy"' });
export const yes = switchFlag("yes", 'Assume "yes" as answer to all prompts and run non-interactively', { short: "y" });

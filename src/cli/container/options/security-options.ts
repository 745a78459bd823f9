import type { CliIo } from "../../cli-io.ts";

export interface SecurityOptions {
  readonly options: readonly string[];
  /** Empty lists when `systempaths=unconfined` was asked for, null for the engine's defaults. */
  readonly maskedPaths: readonly string[] | null;
  readonly readonlyPaths: readonly string[] | null;
}

/** Checks the shape of each `--security-opt` and puts a seccomp profile's content in its file name's place. */
export function securityOptions(values: readonly string[], io: Pick<CliIo, "readFile">): SecurityOptions {
  const options = values.map((value) => securityOption(value, io));
  const kept = options.filter((option) => option !== "systempaths=unconfined");
  const unconfined = kept.length < options.length;
  return { options: kept, maskedPaths: unconfined ? [] : null, readonlyPaths: unconfined ? [] : null };
}

function securityOption(value: string, io: Pick<CliIo, "readFile">): string {
  const equals = value.indexOf("=");
  const at = equals !== -1 ? equals : value === "no-new-privileges" ? -1 : value.indexOf(":");
  const key = at === -1 ? value : value.slice(0, at);
  const setting = at === -1 ? "" : value.slice(at + 1);
  if (setting === "" && key !== "no-new-privileges")
    throw new Error(`Invalid --security-opt: ${JSON.stringify(value)}`);
  if (key !== "seccomp" || setting === "builtin" || setting === "unconfined") return value;
  const profile = io.readFile(setting);
  if (profile === undefined) {
    throw new Error(`opening seccomp profile (${setting}) failed: open ${setting}: no such file or directory`);
  }
  try {
    return `seccomp=${JSON.stringify(JSON.parse(profile))}`;
  } catch (error) {
    throw new Error(
      `compacting json for seccomp profile (${setting}) failed: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

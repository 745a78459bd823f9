import { BerthError } from "#base/errors.ts";
import type { CdiDevices } from "#runtime/cdi/cdi-devices.ts";
import type { CdiEdits } from "#runtime/cdi/cdi-spec.ts";
import { readCdi } from "#runtime/cdi/read-cdi.ts";
import type { ExecOperation } from "../../graph/types.ts";

/**
 * The edits of what `RUN --device` names: a CDI device by its whole name, all of a kind by `kind=*`, or the first of one by
 * the kind alone. The specifications are read anew: drivers write them while the engine runs. Devices that are not there are
 * left out. `invalid-parameter` for required ones that are not there.
 */
export function deviceEdits(wanted: ExecOperation["devices"], specDirs: readonly string[]): readonly CdiEdits[] {
  if (wanted.length === 0) return [];
  const { devices, problems } = readCdi(specDirs);
  const names = wanted.flatMap(({ name, required }) => {
    const found = devicesOf(devices, name);
    if (found.length > 0 || !required) return found;
    throw new BerthError("invalid-parameter", `required device ${JSON.stringify(name)} is not registered`, {
      hint: [...problems, `There are: ${devices.names().join(", ") || "none"}.`].join("\n"),
    });
  });
  return devices.edits([...new Set(names)]);
}

function devicesOf(devices: CdiDevices, name: string): readonly string[] {
  const [kind = "", device] = name.split("=");
  const ofKind = devices.names().filter((known) => known.startsWith(`${kind}=`));
  if (device === undefined || device === "") return ofKind.slice(0, 1);
  return device === "*" ? ofKind : ofKind.filter((known) => known === name);
}

import { mountAttr, type Step } from "#runtime/plan/ops.ts";
import type { Emulation } from "../emulation/emulators.ts";

const DIRECTORY = "/proc/sys/fs/binfmt_misc";
const EEXIST = 17;

/**
 * Handlers of the container's user namespace alone (Linux 6.7): an instance of binfmt_misc that lasts as long as its mount.
 * Interpreters are opened at the registration, which is before the host's root is left. A namespace that is another
 * container's too may have the handlers already.
 */
export function emulationSteps(emulation: Emulation | undefined): readonly Step[] {
  if (emulation === undefined) return [];
  const attrSet = mountAttr.nosuid | mountAttr.nodev | mountAttr.noexec;
  return [
    {
      ...{ op: "mount", type: "binfmt_misc", source: "binfmt_misc", target: DIRECTORY },
      ...{ options: [], attrSet, propagation: 0, copyUp: false },
    },
    ...emulation.registrations.map((text): Step => ({
      op: "write",
      path: `${DIRECTORY}/register`,
      text,
      tolerate: [EEXIST],
    })),
    { op: "mount_attrs", path: DIRECTORY, attrSet: mountAttr.readonly, attrClear: 0, recursive: false },
  ];
}

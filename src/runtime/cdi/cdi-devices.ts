import { BerthError } from "#base/errors.ts";
import type { CdiEdits, CdiSpec } from "./cdi-spec.ts";

/**
 * The devices of one machine. `folders`: what each folder holds, later folders win over earlier ones; a device that two
 * files of one folder describe is none (SPEC.md, "CDI JSON Specification", conflicts).
 */
export class CdiDevices {
  readonly #devices = new Map<string, { readonly spec: CdiSpec; readonly edits: CdiEdits }>();

  constructor(folders: readonly (readonly CdiSpec[])[]) {
    for (const specs of folders) {
      const here = new Map<string, number>();
      for (const spec of specs) {
        for (const { name, edits } of spec.devices) {
          const qualified = `${spec.kind}=${name}`;
          here.set(qualified, (here.get(qualified) ?? 0) + 1);
          this.#devices.set(qualified, { spec, edits });
        }
      }
      for (const [qualified, count] of here) if (count > 1) this.#devices.delete(qualified);
    }
  }

  /** Qualified names, `vendor.com/class=name`, in order. */
  names(): readonly string[] {
    return [...this.#devices.keys()].toSorted();
  }

  hasKind(kind: string): boolean {
    return this.names().some((name) => name.startsWith(`${kind}=`));
  }

  /** The edits for all of `wanted`, a specification's own once. `invalid-parameter` in Docker's words for unknown ones. */
  edits(wanted: readonly string[]): readonly CdiEdits[] {
    const unknown = wanted.filter((name) => !this.#devices.has(name));
    if (unknown.length > 0)
      throw new BerthError(
        "invalid-parameter",
        `CDI device injection failed: unresolvable CDI devices ${unknown.join(", ")}`,
      );
    const seen = new Set<CdiSpec>();
    return wanted.flatMap((name) => {
      const device = this.#devices.get(name);
      if (device === undefined) return [];
      const first = !seen.has(device.spec);
      seen.add(device.spec);
      return first ? [device.spec.edits, device.edits] : [device.edits];
    });
  }
}

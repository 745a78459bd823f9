import type { RegistryContext } from "./context.ts";
import { unsupported } from "./failure.ts";

/** `UNSUPPORTED` while the registry takes no changes. */
export function checkWritable({ settings }: Pick<RegistryContext, "settings">): void {
  if (settings.readOnly) throw unsupported("the registry is read-only");
}

import { canonicalString, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Handler } from "../command.ts";
import { ExitError } from "../errors.ts";
import { ListStore } from "./list-store.ts";

/** `manifest rm`: forget lists that are being put together; registries are not asked. */
export const removeLists: Handler = async ({ args, io, config }) => {
  const store = new ListStore(io, config);
  const missing: string[] = [];
  for (const arg of args) {
    const name = canonicalString(withDefaultTag(parseReference(arg)));
    if (store.all(name).length === 0) missing.push(`No such manifest: ${name}`);
    else store.remove(name);
  }
  if (missing.length > 0) throw new ExitError(1, missing.join("\n"));
  return 0;
};

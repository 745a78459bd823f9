import { BerthError } from "#base/errors.ts";
import type { Handler, Invocation } from "../command.ts";
import { eachOf } from "../each.ts";
import { DEFAULT_CONTEXT } from "./context-metadata.ts";
import { contextStore } from "./contexts.ts";

/** `context rm`: with `--force` also the one in use, which then is `default`, and those that are not there. */
export const removeContexts: Handler = async (invocation) =>
  eachOf(invocation.args, invocation.io, async (name) => {
    removeOne(name, invocation);
    return name;
  });

function removeOne(name: string, invocation: Invocation): void {
  const { flags, config, contextName } = invocation;
  const quoted = JSON.stringify(name);
  if (name === DEFAULT_CONTEXT) throw new BerthError("invalid-parameter", `context ${quoted} cannot be removed`);
  const store = contextStore(invocation);
  if (!flags.on("force")) {
    if (!store.exists(name)) throw new BerthError("not-found", `context ${quoted} does not exist`);
    if (name === contextName)
      throw new BerthError("conflict", `context ${quoted} is in use, set -f flag to force remove`);
  }
  if (config.file.currentContext === name) config.update({ currentContext: undefined });
  store.remove(name);
}

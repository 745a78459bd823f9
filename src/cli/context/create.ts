import { BerthError } from "#base/errors.ts";
import type { Handler, Invocation } from "../command.ts";
import { stringMap } from "../flags/string-map.ts";
import { ENGINE_ENDPOINT } from "./context-metadata.ts";
import { checkContextName } from "./context-name.ts";
import { contextStore, loadContext, type LoadedContext } from "./contexts.ts";
import { engineEndpoint } from "./endpoint-options.ts";

/** `context create`: from `--docker`, from another context, or else as the current one. */
export const createContext: Handler = async (invocation) => {
  const { flags, io, args } = invocation;
  const [name = ""] = args;
  checkContextName(name);
  const store = contextStore(invocation);
  if (store.exists(name)) throw new BerthError("conflict", `context ${JSON.stringify(name)} already exists`);
  const { metadata, tls } = described(invocation);
  const description = flags.text("description");
  store.write({
    ...metadata,
    Name: name,
    Metadata: { ...metadata.Metadata, ...(description === "" ? {} : { Description: description }) },
  });
  store.replaceTls(name, tls);
  io.stdout.write(`${name}\n`);
  io.stderr.write(`Successfully created context ${JSON.stringify(name)}\n`);
  return 0;
};

function described(invocation: Invocation): LoadedContext {
  const { flags } = invocation;
  const from = flags.text("from");
  const options = flags.get("docker", stringMap);
  if (from !== "") {
    if (flags.given("docker")) throw new BerthError("invalid-parameter", "cannot use --docker flag when --from is set");
    return loadContext(from, invocation);
  }
  if (!flags.given("docker")) return loadContext(invocation.contextName, invocation);
  const { endpoint, tls } = engineEndpoint(options, invocation);
  return { metadata: { Name: "", Metadata: {}, Endpoints: { [ENGINE_ENDPOINT]: endpoint } }, tls };
}

import type { Handler } from "../command.ts";
import { stringMap } from "../flags/string-map.ts";
import { ENGINE_ENDPOINT } from "./context-metadata.ts";
import { checkContextName } from "./context-name.ts";
import { contextStore } from "./contexts.ts";
import { engineEndpoint } from "./endpoint-options.ts";

/** `context update`: the description, and the endpoint as a whole where `--docker` is given. */
export const updateContext: Handler = async (invocation) => {
  const { flags, io, args } = invocation;
  const [name = ""] = args;
  checkContextName(name);
  const store = contextStore(invocation);
  const before = store.read(name);
  const description = flags.text("description");
  const Metadata = { ...before.Metadata, ...(description === "" ? {} : { Description: description }) };
  if (flags.given("docker")) {
    const { endpoint, tls } = engineEndpoint(flags.get("docker", stringMap), invocation);
    store.write({ ...before, Metadata, Endpoints: { ...before.Endpoints, [ENGINE_ENDPOINT]: endpoint } });
    store.replaceTls(name, tls);
  } else {
    store.write({ ...before, Metadata });
  }
  io.stdout.write(`${name}\n`);
  io.stderr.write(`Successfully updated context ${JSON.stringify(name)}\n`);
  return 0;
};

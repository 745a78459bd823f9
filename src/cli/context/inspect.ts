import { map, omitEmpty, structure, text, flag, any, type GoShape } from "../inspect/go-shape.ts";
import type { Handler, Invocation } from "../command.ts";
import { inspectEach } from "../inspect/inspect-command.ts";
import { DEFAULT_CONTEXT, ENGINE_ENDPOINT } from "./context-metadata.ts";
import { contextStore, loadContext } from "./contexts.ts";

const endpointShape = structure("docker.EndpointMeta", { Host: omitEmpty(text), SkipTLSVerify: flag });
/** The Go type behind `context inspect` (docker 28.2). */
const contextShape: GoShape = structure("context.contextWithTLSListing", {
  Name: text,
  Metadata: structure("command.DockerContext", { Description: omitEmpty(text) }),
  // Go's map holds anything: a missing key has no zero value.
  Endpoints: map({ ...endpointShape, zero: () => undefined }),
  TLSMaterial: map(any),
  Storage: structure("store.StorageInfo", { MetadataPath: text, TLSPath: text }),
});

/** `context inspect`: the named ones, or else the one in use. */
export const inspectContexts: Handler = async (invocation) => {
  const args = invocation.args.length === 0 ? [invocation.contextName] : invocation.args;
  return inspectEach({ ...invocation, args }, async (name) => ({
    object: described(name, invocation),
    shape: contextShape,
    typedOnly: true,
    escapeHtml: true,
  }));
};

function described(name: string, invocation: Invocation): unknown {
  const { metadata, tls } = loadContext(name, invocation);
  const { Name: _name, Metadata, Endpoints, ...others } = metadata;
  if (name === DEFAULT_CONTEXT) {
    return {
      Name: name,
      Metadata: {},
      Endpoints,
      TLSMaterial: fileNames(tls),
      Storage: { MetadataPath: "<IN MEMORY>", TLSPath: "<IN MEMORY>" },
    };
  }
  const store = contextStore(invocation);
  const { Host, SkipTLSVerify = false, ...more } = Endpoints[ENGINE_ENDPOINT] ?? {};
  const engine = { ...(Host === undefined ? {} : { Host }), SkipTLSVerify, ...more };
  return {
    Name: metadata.Name,
    Metadata,
    Endpoints: { ...Endpoints, [ENGINE_ENDPOINT]: engine },
    ...others,
    TLSMaterial: store.tlsFileNames(name),
    Storage: { MetadataPath: store.metadataPath(name), TLSPath: store.tlsPath(name) },
  };
}

function fileNames(tls: Readonly<Record<string, Readonly<Record<string, unknown>>>>): unknown {
  return Object.fromEntries(Object.entries(tls).map(([endpoint, files]) => [endpoint, Object.keys(files)]));
}

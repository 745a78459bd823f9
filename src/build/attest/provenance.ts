import { formatPlatform, type Platform } from "#spec/oci/platform.ts";
import { parseReference } from "#spec/oci/reference.ts";
import type { BuildGraph, Vertex } from "../graph/types.ts";
import { digestSet, packageUrl } from "./statement.ts";

export const PROVENANCE_TYPE = "https://slsa.dev/provenance/v1";
/** What our parameters mean; a name, no address. */
const BUILD_TYPE = "urn:berth:build:dockerfile:v1";

export interface ProvenanceFacts {
  readonly mode: "min" | "max";
  readonly builderId: string;
  readonly reproducible: boolean;
  readonly graph: BuildGraph;
  /** As the person named it, and its text. */
  readonly dockerfile: { readonly name: string; readonly text: string };
  readonly target: string;
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
  readonly labels: ReadonlyMap<string, string>;
  readonly buildPlatform: Platform;
  /** Names of contexts that the client gave. */
  readonly contexts: readonly string[];
  readonly invocationId: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Digest of the manifest or index that a base image came by, by its reference. */
  readonly digestOf: (reference: string, platform: Platform) => string | undefined;
}

/**
 * How an image came to be, as an SLSA provenance predicate (slsa.dev, `provenance/v1`). With `min` nothing that a person
 * gave but names; `max` adds build arguments, the Dockerfile and the steps. Secrets are in neither.
 */
export function provenanceOf(facts: ProvenanceFacts): object {
  const { mode, graph, dockerfile, target, buildArgs, labels, contexts } = facts;
  const all = mode === "max";
  const request = {
    frontend: "dockerfile",
    ...(target === "" ? {} : { target }),
    ...(contexts.length === 0 ? {} : { locals: contexts.map((name) => ({ name })) }),
    ...(all ? { args: Object.fromEntries([...buildArgs].filter(([, value]) => value !== undefined)) } : {}),
    ...(all && labels.size > 0 ? { labels: Object.fromEntries(labels) } : {}),
  };
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: { configSource: { path: dockerfile.name }, request },
      internalParameters: {
        platform: formatPlatform(facts.buildPlatform),
        ...(all ? { dockerfile: dockerfile.text, steps: stepsOf(graph) } : {}),
      },
      resolvedDependencies: graph.vertices.flatMap((vertex) => dependencyOf(vertex, facts)),
    },
    runDetails: {
      builder: { id: facts.builderId },
      metadata: {
        invocationId: facts.invocationId,
        startedOn: facts.startedAt,
        finishedOn: facts.finishedAt,
        // What a folder held is not told, so the list is not the whole.
        completeness: { request: all, resolvedDependencies: contexts.length === 0 },
        reproducible: facts.reproducible,
      },
    },
  };
}

function stepsOf({ vertices }: BuildGraph): readonly object[] {
  return vertices.map(({ name, platform, operation }, id) => ({
    id,
    name,
    kind: operation.kind,
    platform: formatPlatform(platform),
  }));
}

function dependencyOf({ operation, platform }: Vertex, { digestOf }: ProvenanceFacts): readonly object[] {
  switch (operation.kind) {
    case "image": {
      const digest = digestOf(operation.reference, platform);
      const uri = packageUrl(parseReference(operation.reference), platform);
      return [{ uri, ...(digest === undefined ? {} : { digest: digestSet(digest) }) }];
    }
    case "http":
      return [
        { uri: operation.url, ...(operation.checksum === undefined ? {} : { digest: digestSet(operation.checksum) }) },
      ];
    case "git": {
      const uri = operation.ref === "" ? operation.remote : `${operation.remote}#${operation.ref}`;
      const isCommit = /^[0-9a-f]{40}$/.test(operation.ref);
      return [{ uri, ...(isCommit ? { digest: { sha1: operation.ref } } : {}) }];
    }
    default:
      return [];
  }
}

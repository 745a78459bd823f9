import type { Descriptor, DescriptorPlatform } from "../oci/image.ts";
import type { ContainerConfig } from "./container-config.ts";

export interface ImageSummary {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** Unix seconds. */
  readonly Created: number;
  readonly Size: number;
  /** -1 = not computed. */
  readonly SharedSize: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** -1 = not computed. */
  readonly Containers: number;
  readonly Descriptor?: Descriptor;
  readonly Manifests?: readonly ImageManifestSummary[];
}

/** One manifest behind an image, since API 1.47. */
export interface ImageManifestSummary {
  readonly ID: string;
  readonly Descriptor: Descriptor;
  readonly Available: boolean;
  /** Bytes; the sum counts the unpacked layers too. */
  readonly Size: { readonly Content: number; readonly Total: number };
  readonly Kind: "image" | "attestation" | "unknown";
  readonly ImageData?: {
    readonly Platform: DescriptorPlatform;
    /** When it was asked for. */
    readonly Identity?: ImageIdentity;
    readonly Size: { readonly Unpacked: number };
    /** Ids of containers that use it. */
    readonly Containers: readonly string[];
  };
  readonly AttestationData?: { readonly For: string };
}

/** Where an image comes from as far as this engine saw it itself, since API 1.53. */
export interface ImageIdentity {
  /** Repositories it was pulled from or pushed to, whatever mirror or tag was between. */
  readonly Pull?: readonly { readonly Repository: string }[];
}

/** One of `GET /images/{name}/attestations`. */
export interface AttestationStatement {
  readonly Descriptor: Descriptor;
  readonly PredicateType: string;
  /** The in-toto statement as it is, when it was asked for. */
  readonly Statement?: unknown;
}

export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent: string;
  readonly Comment: string;
  readonly Created: string;
  readonly DockerVersion: string;
  readonly Author: string;
  readonly Config: Partial<ContainerConfig>;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Os: string;
  readonly OsVersion?: string;
  readonly Size: number;
  readonly VirtualSize?: number;
  readonly GraphDriver: { readonly Data: Readonly<Record<string, string>> | null; readonly Name: string };
  readonly RootFS: { readonly Type: string; readonly Layers: readonly string[] };
  readonly Metadata: { readonly LastTagTime: string };
  /** Since API 1.53, of what came from a registry or went to one. */
  readonly Identity?: ImageIdentity;
  readonly Descriptor?: Descriptor;
  readonly Manifests?: readonly ImageManifestSummary[];
}

/** One line of `GET /images/{name}/history`, newest first. */
export interface ImageHistoryItem {
  /** Image id, or `<missing>`. */
  readonly Id: string;
  /** Unix seconds. */
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Tags: readonly string[] | null;
  readonly Size: number;
  readonly Comment: string;
}

export type ImageDeleteItem = { readonly Untagged: string } | { readonly Deleted: string };

/** `GET /distribution/{name}/json`. */
export interface DistributionInspect {
  readonly Descriptor: Descriptor;
  readonly Platforms: readonly DescriptorPlatform[];
}

/** One of `GET /images/search`. */
export interface SearchResult {
  readonly star_count: number;
  readonly is_official: boolean;
  readonly name: string;
  /** Always false since API 1.44. */
  readonly is_automated: boolean;
  readonly description: string;
}

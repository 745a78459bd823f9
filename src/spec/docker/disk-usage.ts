import type { ContainerSummary } from "./container.ts";
import type { ImageSummary } from "./image.ts";
import type { Volume } from "./volume.ts";

/** A volume with what it costs, as `GET /system/df` lists it. */
export interface VolumeUsage extends Volume {
  /** `RefCount`: containers that have it. */
  readonly UsageData: { readonly RefCount: number; readonly Size: number };
}

/** `GET /system/df`. Null is what was not asked for. */
export interface DiskUsage {
  /** Bytes of all images' layers, each counted once. */
  readonly LayersSize: number;
  readonly Images: readonly ImageSummary[] | null;
  readonly Containers: readonly ContainerSummary[] | null;
  readonly Volumes: readonly VolumeUsage[] | null;
  readonly BuildCache: readonly BuildCacheRecord[] | null;
}

/** Of one kind of things, since API 1.52; bytes and counts that are 0 are absent. */
export interface UsageSum {
  readonly ActiveCount?: number;
  readonly TotalCount?: number;
  /** Bytes. */
  readonly TotalSize?: number;
  /** Bytes of those that are not in use. */
  readonly Reclaimable?: number;
  /** As `GET /system/df?verbose=1` lists them. */
  readonly Items?: readonly unknown[];
}

export interface BuildCacheRecord {
  readonly ID: string;
  readonly Parents?: readonly string[];
  readonly Type: string;
  readonly Description: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt: string | null;
  readonly UsageCount: number;
}

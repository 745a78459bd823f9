import type { ContainerLabels } from "#runtime/selinux/container-labels.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { NetworkingConfig } from "#spec/docker/networking.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { Health } from "../health/health.ts";
import type { MountOwner } from "./mounts/mount-owner.ts";
import type { Status } from "./status.ts";

/**
 * What a container is, fixed when it is created: the request, the image's config and the defaults made one. Only
 * `update` changes it later, its limits and its restart policy.
 */
export interface ContainerSpec {
  readonly id: string;
  readonly image: {
    readonly id: string;
    /** As the client wrote it. */
    readonly reference: string;
    readonly diffIds: readonly string[];
    /** What it was made for; absent where it does not say, and in rows of before. */
    readonly platform?: Platform;
    /** With its platform; absent in rows of before. */
    readonly manifest?: Descriptor;
  };
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networking: NetworkingConfig;
  /** It was taken out of the network of its mode; it is in it again when `networking` names it. */
  readonly leftMode?: boolean;
  /** Entrypoint and command, joined: argv[0] … */
  readonly argv: readonly string[];
  /** SELinux labels; absent where the engine that made it gave none. */
  readonly labels?: ContainerLabels;
  readonly mounts: readonly MountSpec[];
}

/** A mount the user or the image asked for; the runtime's own (/proc, /dev, /etc/hosts …) are not among them. */
export type MountSpec =
  | {
      readonly type: "bind";
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** "" = rprivate. */
      readonly propagation: string;
      readonly recursive: boolean;
      /** Read-only also for what is mounted below; absent in rows of before: if-possible, which is Docker's default. */
      readonly recursiveReadOnly?: "no" | "if-possible" | "force";
      /** The option text of `-v a:b:OPTIONS`, as inspect prints it. */
      readonly mode: string;
      readonly owner?: MountOwner;
    }
  | {
      readonly type: "volume";
      readonly name: string;
      /** Absent: `local`. */
      readonly driver?: string;
      /** Made for this container only, removed with it by `rm -v` and `--rm`. */
      readonly anonymous: boolean;
      /** Host path; "" where a plugin tells it only when it mounts. */
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** Fill an empty volume with what the image has at `target`. */
      readonly copyUp: boolean;
      readonly subpath: string;
      readonly mode: string;
      readonly owner?: MountOwner;
    }
  | {
      readonly type: "image";
      /** As the client wrote it. */
      readonly reference: string;
      readonly imageId: string;
      readonly target: string;
      readonly readOnly: true;
      readonly subpath: string;
    }
  | {
      readonly type: "tmpfs";
      readonly target: string;
      readonly readOnly: boolean;
      /** Mount options, without the defaults. */
      readonly options: readonly string[];
    };

/** A link to a container of the default network. */
export interface Link {
  readonly containerId: string;
  /** Its name when the link was made, for when it is gone. */
  readonly name: string;
  readonly alias: string;
}

/** The part that changes, written as one JSON value with every step. */
export interface Life {
  readonly status: Status;
  /** Restarts by policy since the last start by a person. */
  readonly restartCount: number;
  /** A person stopped it: `unless-stopped` leaves it alone when the engine comes back. */
  readonly stoppedByUser: boolean;
  /** Absent when the container has no health check or was never started. */
  readonly health?: Health;
  /** `--link`; absent in rows of before. */
  readonly links?: readonly Link[];
  /** The pause before the last restart by policy, from which the next one is reckoned. */
  readonly restartDelayMs?: number | undefined;
  /** The last signal sent to this run by the engine, for whomever. */
  readonly stopRequest?: StopRequest | undefined;
}

export interface StopRequest {
  readonly by: StopReason;
  readonly signal: number;
  /** Unix nanoseconds, decimal. */
  readonly atNs: string;
}

/** The first four are a person's; the engine does the others on its own. */
export const stopReasons = [
  "stop",
  "kill",
  "restart",
  "remove",
  "shutdown",
  "unhealthy-stop",
  "unhealthy-restart",
] as const;
export type StopReason = (typeof stopReasons)[number];

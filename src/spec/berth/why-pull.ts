/** `GET /berth/images/{name}/why`: pulls of an image that failed, since it was pulled last. */
export interface PullReport {
  /** With its registry and tag. */
  readonly Reference: string;
  /** Newest first. */
  readonly Failures: readonly PullFailure[];
}

export type PullFailureCause =
  | "name-service"
  | "unreachable"
  | "certificate"
  | "not-tls"
  | "timeout"
  | "unauthorized"
  | "denied"
  | "not-found"
  | "platform"
  | "rate-limit"
  | "disk-full"
  | "damaged"
  | "registry"
  | "other";

export interface PullFailure {
  /** RFC 3339 with nanoseconds. */
  readonly At: string;
  readonly Cause: PullFailureCause;
  /** One sentence for people: why. */
  readonly Reason: string;
  /** What to do about it. */
  readonly Advice: string;
  /** What the person was told then. */
  readonly Message: string;
}

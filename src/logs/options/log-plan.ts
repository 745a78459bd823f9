import type { LinearRegexp } from "#base/regexp/linear-regexp.ts";
import type { FluentdOptions } from "./fluentd-options.ts";
import type { GelfOptions } from "./gelf-options.ts";
import type { SyslogOptions } from "./syslog-options.ts";

/** What becomes of a container's output: its log options, understood. */
export interface LogPlan {
  /** The files the shim writes; undefined = none are kept (`none`). */
  readonly store: LogStorePlan | undefined;
  /** Whether `logs` may read them. A driver that forwards needs them in any case. */
  readonly readable: boolean;
  readonly selection: AttributeSelection;
  readonly receiver: ReceiverPlan | undefined;
}

export interface LogStorePlan {
  readonly format: "records" | "json";
  /** Number.MAX_SAFE_INTEGER = without limit. */
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  /** Rotated files are compressed, by the engine. */
  readonly compress: boolean;
  /** Output waits for the receiver rather than that unread files are removed. */
  readonly hold: boolean;
}

/** Which of a container's labels and variables go with its lines, and the text of its tag. */
export interface AttributeSelection {
  readonly labels: readonly string[];
  readonly labelsRegex: Pick<LinearRegexp, "test"> | undefined;
  readonly env: readonly string[];
  readonly envRegex: Pick<LinearRegexp, "test"> | undefined;
  /** Template; undefined = the option was not given. */
  readonly tag: string | undefined;
}

export type ReceiverPlan =
  | ({ readonly driver: "syslog" } & SyslogOptions)
  | { readonly driver: "journald" }
  | ({ readonly driver: "gelf" } & GelfOptions)
  | ({ readonly driver: "fluentd" } & FluentdOptions);

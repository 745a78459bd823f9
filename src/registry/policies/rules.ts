/** What holds for all repositories whose names fit `pattern`, in which `*` stands for any characters. */
export interface Policy {
  readonly pattern: string;
  readonly rules: PolicyRules;
}

export interface PolicyRules {
  /** Tags that fit it are set once and neither moved nor deleted. */
  readonly immutable?: string;
  /** Retention: the newest so many tags stay. */
  readonly keepLast?: number;
  /** Retention: tags that were set within so many days stay. */
  readonly keepDays?: number;
  /** Retention: tags that fit it stay. */
  readonly keepTags?: string;
  /** Retention: manifests without a tag go after so many days. */
  readonly untaggedDays?: number;
  /** Most bytes of blobs in all these repositories together, each blob counted once. */
  readonly quotaBytes?: number;
}

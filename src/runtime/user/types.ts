/** Who a container's process is, resolved with the image's own /etc/passwd and /etc/group. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups: the user's from /etc/group when named or found, then HostConfig.GroupAdd. Without `gid`. */
  readonly additionalGids: readonly number[];
  /** Home directory of the passwd entry, `/` without one. */
  readonly home: string;
}

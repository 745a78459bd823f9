/** Engine API versions, `major.minor`. */

/** The newest version this client speaks. */
export const CLIENT_API_VERSION = "1.51";
/** What a server that names no version in its ping answer speaks (Docker 1.10 and older). */
const FALLBACK_API_VERSION = "1.24";

/** Negative, zero or positive as `a` is older than, equal to or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}

/** The version both sides speak: the older of ours and the server's. */
export function negotiate(ours: string, servers: string | undefined): string {
  const theirs = servers === undefined || servers === "" ? FALLBACK_API_VERSION : servers;
  return compareVersions(theirs, ours) < 0 ? theirs : ours;
}

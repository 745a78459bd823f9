import { BerthError } from "#base/errors.ts";

/** An SELinux context, `user:role:type[:level]`. The level may have colons: `s0:c1,c2`. */
export interface SelinuxContext {
  readonly user: string;
  readonly role: string;
  readonly type: string;
  /** "" = none. */
  readonly level: string;
}

/** `invalid-parameter` for what has no type. */
export function parseContext(label: string): SelinuxContext {
  const [user = "", role = "", type, ...level] = label.split(":");
  if (type === undefined) throw new BerthError("invalid-parameter", `invalid SELinux label: ${JSON.stringify(label)}`);
  return { user, role, type, level: level.join(":") };
}

export function printContext({ user, role, type, level }: SelinuxContext): string {
  return [user, role, type, ...(level === "" ? [] : [level])].join(":");
}

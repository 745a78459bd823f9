import type { RegistryContext } from "../context.ts";
import { table, timeText, type Operation } from "./operation.ts";

export interface AuditEntry {
  /** `push`, `delete`, `user.add`, `login.failed`, … */
  readonly action: string;
  readonly target: string;
  /** Empty for an administrator's command on the machine. */
  readonly actor?: string;
  readonly address?: string;
}

/** Write down who did what. Only changes and refused logins are: pulls are too many, and the log of requests has them. */
export function audit(context: RegistryContext, { action, target, actor = "", address = "" }: AuditEntry): void {
  context.database
    .prepare("INSERT INTO audit (at, actor, address, action, target) VALUES (?, ?, ?, ?, ?)")
    .run(context.now(), actor, address, action, target.slice(0, 500));
}

/** Pushes and deletions of manifests. */
export function auditEvents(context: RegistryContext): void {
  context.events.listen((event) => {
    if (!event.isManifest || event.action === "pull") return;
    const target = event.tag === undefined ? `${event.repository}@${event.digest}` : `${event.repository}:${event.tag}`;
    const { name, request } = event.actor;
    audit(context, { action: event.action, target, actor: name, address: request?.address ?? "" });
  });
}

const KEPT = 100_000;

/** Keep the newest entries only. */
export function trimAudit(context: RegistryContext): void {
  context.database.prepare("DELETE FROM audit WHERE id <= (SELECT MAX(id) FROM audit) - ?").run(KEPT);
}

export const listAudit: Operation = (context, fields) => {
  const limit = Math.min(Number(fields["limit"] ?? "") || 100, 10_000);
  const rows = context.database.prepare("SELECT * FROM audit ORDER BY id DESC LIMIT ?").all(limit);
  return table(
    ["TIME", "WHO", "FROM", "ACTION", "TARGET"],
    rows.map((row) => [
      timeText(Number(row["at"])),
      String(row["actor"]) || "-",
      String(row["address"]) || "-",
      String(row["action"]),
      String(row["target"]),
    ]),
  );
};

import { invalid } from "#base/errors.ts";
import { audit } from "./audit.ts";
import { lines, required, table, timeText, type Fields, type Operation } from "./operation.ts";

interface Told {
  readonly action?: string;
  readonly target?: { readonly repository?: string; readonly tag?: string; readonly digest?: string };
}

/** What webhooks were not told of: given up (dead) first, then what waits. */
export const listDeliveries: Operation = ({ deliveries }, fields) => {
  const limit = Math.min(Number(fields["limit"] ?? "") || 100, 10_000);
  return table(
    ["ID", "SINCE", "STATE", "TRIES", "WEBHOOK", "EVENT", "PROBLEM"],
    deliveries.list(limit).map(({ id, atMs, isDead, tries, url, event, problem }) => {
      const { action = "", target = {} } = JSON.parse(event) as Told;
      const { repository = "", tag, digest = "" } = target;
      const about = tag === undefined ? `${repository}@${digest.slice(0, 19)}` : `${repository}:${tag}`;
      return [
        String(id),
        timeText(atMs),
        isDead ? "dead" : "waiting",
        String(tries),
        url,
        `${action} ${about}`,
        problem || "-",
      ];
    }),
  );
};

/** `id`: of a dead one, or `all`. Whoever serves sends it with the next event, or within a minute. */
export const retryDeliveries: Operation = (context, fields) => {
  const count = context.deliveries.revive(whichOf(fields), context.now());
  if (count === 0) throw invalid("there is no such dead event");
  return lines(`${count} to be sent again`);
};

/** `id`: of one, dead or waiting, or `all`: every dead one. */
export const dropDeliveries: Operation = (context, fields) => {
  const id = whichOf(fields);
  const { deliveries } = context;
  const ids = id > 0 ? [id] : deliveries.list(1_000_000).flatMap((row) => (row.isDead ? [row.id] : []));
  const count = deliveries.delete(ids);
  if (count === 0) throw invalid("there is no such event");
  audit(context, { action: "webhook.drop", target: id > 0 ? String(id) : "all dead" });
  return lines(`${count} dropped`);
};

/** 0 for all. `invalid-parameter`. */
function whichOf(fields: Fields): number {
  const text = required(fields, "id");
  if (text === "all") return 0;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw invalid(`${JSON.stringify(text)} is neither the ID of an event nor all`);
  return Number(text);
}

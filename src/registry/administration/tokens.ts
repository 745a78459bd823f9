import { BerthError, invalid } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import { parseDuration } from "#base/units.ts";
import { ACCESS_TOKEN_PREFIX, accessTokenHash } from "../access/account-access.ts";
import { ALL_ACTIONS, type Action } from "../access/rights.ts";
import { audit } from "./audit.ts";
import { lines, required, table, timeText, type Operation } from "./operation.ts";
import { noUser } from "./users.ts";

/** `pull,push` as a list. `invalid-parameter`. */
export function parseActions(text: string): readonly Action[] {
  const named = text.split(",").map((word) => word.trim());
  const unknown = named.find((word) => !ALL_ACTIONS.includes(word as Action));
  if (unknown !== undefined) throw invalid(`unknown right ${JSON.stringify(unknown)}: pull, push and delete are known`);
  return ALL_ACTIONS.filter((action) => named.includes(action));
}

/** Tells the secret, this once: only its hash is kept. */
export const createToken: Operation = (context, fields) => {
  const user = required(fields, "user");
  if (context.accounts.user(user) === undefined) throw noUser(user);
  const expires = fields["expires"] ?? "";
  const now = context.now();
  const secret = `${ACCESS_TOKEN_PREFIX}${randomHex(24)}`;
  const id = randomHex(6);
  context.accounts.addToken({
    id,
    user,
    label: (fields["label"] ?? "").slice(0, 200),
    hash: accessTokenHash(secret),
    actions: parseActions(fields["actions"] || ALL_ACTIONS.join(",")),
    createdAtMs: now,
    expiresAtMs: expires === "" ? undefined : now + Number(parseDuration(expires)) / 1e6,
    usedAtMs: undefined,
  });
  audit(context, { action: "token.create", target: `${user} ${id}` });
  return lines(secret);
};

export const listTokens: Operation = (context, fields) => {
  const rows = context.accounts.tokens(required(fields, "user"));
  return table(
    ["ID", "LABEL", "RIGHTS", "CREATED", "EXPIRES", "LAST USED"],
    rows.map(({ id, label, actions, createdAtMs, expiresAtMs, usedAtMs }) => [
      id,
      label,
      actions.join(","),
      timeText(createdAtMs),
      timeText(expiresAtMs) || "never",
      timeText(usedAtMs) || "never",
    ]),
  );
};

/** With a `user`, only that one's. */
export const removeToken: Operation = (context, fields) => {
  const id = required(fields, "id");
  if (!context.accounts.deleteToken(id, fields["user"]))
    throw new BerthError("not-found", `there is no access token ${id}`);
  audit(context, { action: "token.rm", target: id });
  return lines(id);
};

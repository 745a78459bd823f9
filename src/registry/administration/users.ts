import { BerthError, invalid } from "#base/errors.ts";
import { hashPassword } from "#host/bun/password-hash.ts";
import { EVERY_USER, EVERYONE } from "../access/rights.ts";
import { audit } from "./audit.ts";
import { lines, required, table, timeText, type Operation } from "./operation.ts";

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const LEAST_PASSWORD = 8;

/** A user's name is also the first part of the repositories that are the user's own. */
function checkUserName(name: string): string {
  if (!NAME.test(name) || name === EVERYONE || name === EVERY_USER)
    throw invalid(
      `invalid user name ${JSON.stringify(name)}: small letters, digits, dots, dashes; not "anyone", not "users"`,
    );
  return name;
}

/** `conflict` when there is one already, unless only its password is to change (`change=true`; `not-found` then). */
export const putUser: Operation = async (context, fields) => {
  const name = checkUserName(required(fields, "name"));
  const password = required(fields, "password");
  if (password.length < LEAST_PASSWORD) throw invalid(`a password has ${LEAST_PASSWORD} characters at least`);
  const known = context.accounts.user(name);
  const isChange = fields["change"] === "true";
  if (isChange && known === undefined) throw noUser(name);
  if (!isChange && known !== undefined) throw new BerthError("conflict", `there is a user ${name} already`);
  context.accounts.putUser({
    name,
    password: await hashPassword(password),
    isAdmin: isChange ? known?.isAdmin === true : fields["admin"] === "true",
    createdAtMs: known?.createdAtMs ?? context.now(),
  });
  audit(context, { action: isChange ? "user.password" : "user.add", target: name });
  return lines(name);
};

export const removeUser: Operation = (context, fields) => {
  const name = required(fields, "name");
  if (!context.accounts.deleteUser(name)) throw noUser(name);
  audit(context, { action: "user.rm", target: name });
  return lines(name);
};

export const listUsers: Operation = (context) =>
  table(
    ["NAME", "ADMIN", "CREATED"],
    context.accounts
      .users()
      .map(({ name, isAdmin, createdAtMs }) => [name, isAdmin ? "yes" : "no", timeText(createdAtMs)]),
  );

export function noUser(name: string): BerthError {
  return new BerthError("not-found", `there is no user ${name}`);
}

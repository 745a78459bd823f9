/** What can be done to a repository: Docker's token specification, "Resource actions". */
export type Action = "pull" | "push" | "delete";

export const ALL_ACTIONS: readonly Action[] = ["pull", "push", "delete"];

/** Rights on all repositories whose names fit the pattern. */
export interface Grant {
  /** A user's name, or one of {@link EVERYONE} and {@link EVERY_USER}. */
  readonly who: string;
  /** A repository's name; a `*` stands for any characters, slashes too. */
  readonly pattern: string;
  readonly actions: readonly Action[];
}

/** Also who did not sign in. */
export const EVERYONE = "anyone";
/** Whoever signed in. */
export const EVERY_USER = "users";

/** Who asks, once it is known. */
export interface Account {
  /** Empty for who did not sign in. */
  readonly name: string;
  readonly isAdmin: boolean;
  /** An access token may allow less than its owner's rights. */
  readonly only?: readonly Action[];
  /** The access token that it signed in with. */
  readonly tokenId?: string;
}

export const nobody: Account = { name: "", isAdmin: false };

/**
 * What an account may do to a repository: everything for an administrator and for who owns the name it stands under
 * (`ann` owns `ann/app`); for the others what the grants to them add up to.
 */
export function allowedActions(account: Account, repository: string, grants: readonly Grant[]): readonly Action[] {
  const { name, only } = account;
  const owns = account.isAdmin || (name !== "" && repository.startsWith(`${name}/`));
  const granted = owns
    ? ALL_ACTIONS
    : grants
        .filter(({ who, pattern }) => concerns(who, name) && fits(pattern, repository))
        .flatMap((grant) => grant.actions);
  return ALL_ACTIONS.filter((action) => granted.includes(action) && (only === undefined || only.includes(action)));
}

function concerns(who: string, name: string): boolean {
  return who === EVERYONE || (name !== "" && (who === EVERY_USER || who === name));
}

/** Literal but for `*`. */
export function fits(pattern: string, text: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}$`, "s").test(text);
}

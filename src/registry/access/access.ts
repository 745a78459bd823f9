import type { Account, Action } from "./rights.ts";

/** Who a request comes from. */
export type Identity =
  /** Said nothing about itself. */
  | { readonly kind: "unknown" }
  /** Proved by a password or an access token. */
  | { readonly kind: "account"; readonly account: Account }
  /** Has a token of the token endpoint, good for what it lists. */
  | {
      readonly kind: "bearer";
      readonly account: Account;
      readonly access: readonly TokenAccess[];
    };

/** One entry of a token's `access` claim. */
export interface TokenAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Decides who may do what. One for each way of signing in. */
export interface Access {
  /**
   * Who sends these credentials (the `Authorization` header). Throws `UNAUTHORIZED` when they are wrong.
   * `address`: where they come from, so that guessing can be slowed down.
   */
  identify(authorization: string | undefined, address: string): Promise<Identity>;
  /** May the account, whatever token it holds, do this? For lists. */
  mayEver(identity: Identity, action: Action, repository: string): boolean;
  /** May this very request do it? */
  may(identity: Identity, action: Action, repository: string): boolean;
  mayList(identity: Identity): boolean;
  /** Nothing can be looked at without credentials, be they an anonymous token. */
  readonly wantsCredentials: boolean;
  /**
   * Something that changes when the name's password does, so that what was given out for the old one ends; undefined for
   * no name of the registry.
   */
  epochOf(name: string): string | undefined;
  /** `WWW-Authenticate` for who needs (other) credentials; `scope` as Docker's token specification writes it. */
  challenge(origin: string, scope: string | undefined, problem: "insufficient_scope" | undefined): string;
}

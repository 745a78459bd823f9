import { BerthError } from "#base/errors.ts";
import type { CliIo } from "#cli/cli-io.ts";
import type { Access } from "#registry/access/access.ts";
import { AccountAccess } from "#registry/access/account-access.ts";
import { openAccess } from "#registry/access/open-access.ts";
import { PasswordFileAccess } from "#registry/access/password-file-access.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { ServeSettings } from "./serve-settings.ts";

/** The access rules that the person chose. `invalid-parameter` when the htpasswd file cannot be read. */
export function accessOf({ auth }: ServeSettings, { accounts, now }: RegistryContext, io: CliIo): Access {
  switch (auth.kind) {
    case "none":
      return openAccess;
    case "users":
      return new AccountAccess({ rows: accounts, now });
    case "htpasswd": {
      const read = (): string => {
        const text = io.readFile(auth.path);
        if (text === undefined) throw new BerthError("invalid-parameter", `--htpasswd: there is no file ${auth.path}`);
        return text;
      };
      read();
      return new PasswordFileAccess({ file: { read }, now });
    }
  }
}

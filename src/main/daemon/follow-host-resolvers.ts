import { FollowedFile } from "#host/files/followed-file.ts";
import { HOST_RESOLV_CONF, RESOLVED_RESOLV_CONF } from "#network/files/resolv-conf.ts";

/** Calls `renew` whenever the host may ask other name servers than before, and once now, for what was while nobody looked. */
export function followHostResolvers(renew: () => Promise<void>): { close(): void } {
  const files = [HOST_RESOLV_CONF, RESOLVED_RESOLV_CONF].map((path) => new FollowedFile(path, () => void renew()));
  void renew();
  return {
    close() {
      for (const file of files) file.close();
    },
  };
}

import { FetchHttp } from "#host/web/registry-http.ts";
import type { CachedUpstream } from "#registry/cache/upstream.ts";
import { RegistryUpstream } from "#remote/registry-upstream.ts";
import type { UpstreamSettings } from "./serve-settings.ts";

/** The upstream that the person named, spoken to when something of it is first pulled. */
export function openUpstream({ name, url, login }: UpstreamSettings): CachedUpstream {
  return { prefix: name, upstream: new RegistryUpstream({ http: new FetchHttp(), baseUrl: url, auth: login }) };
}

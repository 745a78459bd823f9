const PROXIES = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];

/**
 * Build arguments that every command gets though no ARG declares them: in upper and in lower case, in no cache key and in no
 * history. Source: the Dockerfile reference, "Predefined ARGs".
 */
export function proxyVariables(buildArgs: ReadonlyMap<string, string | undefined>): readonly string[] {
  return PROXIES.flatMap((name) => {
    const value = [...buildArgs].findLast(([key, value]) => key.toLowerCase() === name && value !== undefined)?.[1];
    return value === undefined ? [] : [`${name.toUpperCase()}=${value}`, `${name}=${value}`];
  });
}

/** `--restart`: `always`, `on-failure:3`. */
export function parseRestartPolicy(policy: string): { readonly Name: string; readonly MaximumRetryCount: number } {
  const colon = policy.indexOf(":");
  const name = colon === -1 ? policy : policy.slice(0, colon);
  const count = colon === -1 ? "" : policy.slice(colon + 1);
  if (colon === 0) throw new Error("invalid restart policy format: no policy provided before colon");
  if (count !== "" && !/^[+-]?\d+$/.test(count)) {
    throw new Error("invalid restart policy format: maximum retry count must be an integer");
  }
  return { Name: name, MaximumRetryCount: Number(count) };
}

import type { ContainerContexts } from "./container-labels.ts";

/** The machine's policy by /etc/selinux/config, as in `SELINUXTYPE=targeted`; "" when it names none. */
export function policyType(config: string): string {
  return settings(config).get("SELINUXTYPE") ?? "";
}

/** Read `lxc_contexts`; undefined when it says nothing of containers. */
export function parseContainerContexts(text: string): ContainerContexts | undefined {
  const values = settings(text);
  const [process, file] = [values.get("process"), values.get("file")];
  if (process === undefined || file === undefined) return undefined;
  return { process, file, readOnlyFile: values.get("ro_file") ?? file };
}

/** `key = "value"` lines; `#` and `;` begin comments. */
function settings(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const line of text.split("\n").map((raw) => raw.trim())) {
    const at = line.indexOf("=");
    if (at < 0 || /^[;#]/u.test(line)) continue;
    const value = line
      .slice(at + 1)
      .trim()
      .replace(/^"+|"+$/gu, "");
    if (value !== "") pairs.set(line.slice(0, at).trim(), value);
  }
  return pairs;
}

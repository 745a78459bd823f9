/** PATH of a container whose image sets none. */
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface EnvironmentInput {
  readonly env: readonly string[];
  readonly hostname: string;
  readonly terminal: boolean;
  readonly home: string;
}

/**
 * The process's environment in Docker's order: PATH, HOSTNAME, TERM (with a terminal), then the config's. The config
 * replaces a default in its place; an entry without `=` takes the variable away. HOME comes last when nobody set it.
 */
export function containerEnvironment({ env, hostname, terminal, home }: EnvironmentInput): readonly string[] {
  const defaults = [`PATH=${defaultPath}`, `HOSTNAME=${hostname}`, ...(terminal ? ["TERM=xterm"] : [])];
  return withHome(override(defaults, env), home);
}

export function override(base: readonly string[], changes: readonly string[]): readonly string[] {
  const byName = new Map(base.map((entry) => [nameOf(entry), entry]));
  for (const entry of changes) {
    if (entry.includes("=")) byName.set(nameOf(entry), entry);
    else byName.delete(entry);
  }
  return [...byName.values()];
}

function withHome(env: readonly string[], home: string): readonly string[] {
  return env.some((entry) => entry.startsWith("HOME=") && entry.length > "HOME=".length)
    ? env
    : [...env.filter((entry) => entry !== "HOME="), `HOME=${home}`];
}

function nameOf(entry: string): string {
  const at = entry.indexOf("=");
  return at < 0 ? entry : entry.slice(0, at);
}

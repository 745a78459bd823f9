/**
 * `--console-socket` as the monitor can reach it, whose working directory is another one. Through this process's, because
 * an absolute path might be longer than a socket's address may be (unix(7)).
 */
export function consoleSocketPath(given: string | undefined): string | undefined {
  return given === undefined || given.startsWith("/") ? given : `/proc/${process.pid}/cwd/${given}`;
}

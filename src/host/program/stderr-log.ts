import type { Log, LogFields, LogLevel } from "#base/log.ts";

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface StderrLogOptions {
  readonly level: LogLevel;
  /** `text`: logfmt, as dockerd writes it; `json`: one object a line. */
  readonly format: "text" | "json";
}

/** Log lines on standard error, one write each; what is below `level` is dropped. */
export function stderrLog(options: StderrLogOptions): Log {
  return logWith(options, {});
}

function logWith(options: StderrLogOptions, fixed: LogFields): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (ranks[level] < ranks[options.level]) return;
      const line = { time: new Date().toISOString(), level, msg: message, ...fixed, ...fields };
      process.stderr.write(`${options.format === "json" ? JSON.stringify(line) : logfmt(line)}\n`);
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => logWith(options, { ...fixed, ...fields }),
  };
}

function logfmt(line: LogFields): string {
  return Object.entries(line)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${/^[\w.:/@-]+$/.test(String(value)) ? String(value) : JSON.stringify(String(value))}`,
    )
    .join(" ");
}

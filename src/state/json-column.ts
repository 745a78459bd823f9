import { BerthError, messageOf } from "#base/errors.ts";
import type { Row, SqlValue } from "#host/bun/sqlite.ts";

/** Turns parsed JSON into a checked value, or throws. Every JSON column is read through one: rows outlive programs. */
export type Validate<T> = (value: unknown) => T;

/** Read a JSON column. `data-loss` naming table, column and key when it does not hold what `validate` accepts. */
export function jsonColumn<T>(row: Row, table: string, column: string, validate: Validate<T>): T {
  try {
    return validate(JSON.parse(textColumn(row, column)));
  } catch (error) {
    throw new BerthError("data-loss", `bad ${table}.${column} of ${String(row["id"])}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

export function textColumn(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw unexpected(column, value);
  return value;
}

export function optionalTextColumn(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textColumn(row, column);
}

export function numberColumn(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw unexpected(column, value);
  return value;
}

function unexpected(column: string, value: SqlValue | undefined): BerthError {
  return new BerthError("data-loss", `column ${column} holds ${value === undefined ? "nothing" : typeof value}`);
}

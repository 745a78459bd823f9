import { csvFields } from "#base/csv-fields.ts";
import { messageOf } from "#base/errors.ts";
import { wrong } from "../dockerfile-error.ts";
import { withSuggestion } from "../suggest.ts";
import type { RunDevice } from "../types.ts";
import { parseGoBool } from "./parse-bool.ts";

/** `[name=]vendor.com/class=device[,required]` of `RUN --device`. */
export function parseDevice(text: string): RunDevice {
  let name: string | undefined;
  let required = false;
  for (const field of fieldsOf(text)) {
    const equals = field.indexOf("=");
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    if (key === "required") required = value === undefined || parseGoBool(key, value);
    else if (key === "name" && value !== undefined) {
      if (name !== undefined) throw wrong(`device name already set to ${name}`);
      name = value;
    } else if (name === undefined) name = field;
    else if (value === undefined) throw wrong(`invalid field '${field}' must be a key=value pair`);
    else throw wrong(withSuggestion(`unexpected key '${key}' in '${field}'`, key, ["name", "required"]));
  }
  return { name: name ?? "", required };
}

function fieldsOf(text: string): readonly string[] {
  try {
    return csvFields(text);
  } catch (error) {
    throw wrong(`failed to parse csv devices: ${messageOf(error)}`);
  }
}

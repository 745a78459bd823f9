import type { EventMessage } from "#spec/docker/system.ts";
import { messageOf } from "#base/errors.ts";
import type { Handler } from "../command.ts";
import { ExitError } from "../errors.ts";
import { localTimestamp } from "../format/local-time.ts";
import { timestampParameter } from "../format/timestamp.ts";
import { compileTemplate } from "#base/template/execute.ts";
import { json } from "#base/template/functions.ts";
import { struct } from "#base/template/struct.ts";

/** `events`: one line each, as they happen. */
export const events: Handler = async ({ flags, io, client }) => {
  const asked = flags.text("format").trim();
  const render =
    asked === "" ? undefined : asked === "json" ? (event: EventMessage) => json(eventStruct(event)) : templated(asked);
  const now = io.now();
  const stream = await (
    await client()
  ).system.events({
    since: timestampParameter(flags.text("since"), now),
    until: timestampParameter(flags.text("until"), now),
    filters: flags.filters(),
  });
  for await (const event of stream) io.stdout.write(`${render === undefined ? plain(event) : render(event)}\n`);
  return 0;
};

const BAD_TEMPLATE = 64;
const NO_EVENT: EventMessage = {
  Type: "",
  Action: "",
  Actor: { ID: "", Attributes: {} },
  scope: "local",
  time: 0,
  timeNano: 0n,
};

function templated(format: string): (event: EventMessage) => string {
  try {
    const render = compileTemplate(format);
    render(eventStruct(NO_EVENT)); // a field that does not exist is told before the first event
    return (event) => render(eventStruct(event));
  } catch (error) {
    throw new ExitError(BAD_TEMPLATE, `Error parsing format: ${messageOf(error)}`);
  }
}

function eventStruct(event: EventMessage): unknown {
  const { status = "", id = "", from = "", scope, time, timeNano, Type, Action } = event;
  const actor = struct(
    { ID: event.Actor.ID, Attributes: event.Actor.Attributes },
    { typeName: "events.Actor", fields: ["ID", "Attributes"], aliases: {} },
  );
  return struct(
    { status, id, from, Type, Action, Actor: actor, scope, time, timeNano },
    {
      typeName: "*events.Message",
      fields: ["status", "id", "from", "Type", "Action", "Actor", "scope", "time", "timeNano"],
      omitEmpty: new Set(["status", "id", "from", "scope", "time", "timeNano"]),
      aliases: { Status: "status", ID: "id", From: "from", Scope: "scope", Time: "time", TimeNano: "timeNano" },
    },
  );
}

/** `<time> <type> <action> <id> (name=value, …)`, attributes by name. */
function plain(event: EventMessage): string {
  const nanoseconds = event.timeNano !== 0n ? event.timeNano : BigInt(event.time) * 1_000_000_000n;
  const attributes = Object.entries(event.Actor.Attributes ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const shown = attributes.map(([name, value]) => `${name}=${value}`).join(", ");
  const tail = shown === "" ? "" : ` (${shown})`;
  return `${localTimestamp(nanoseconds)} ${event.Type} ${event.Action} ${event.Actor.ID}${tail}`;
}

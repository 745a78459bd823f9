import { BerthError } from "#base/errors.ts";
import { defaultTag, renderTag, selectAttributes } from "../attributes.ts";
import type { LogOwner } from "../types.ts";
import { openFluentd } from "./fluentd-receiver.ts";
import { gelfFields, openGelf } from "./gelf-receiver.ts";
import { journaldFields, openJournald } from "./journald-receiver.ts";
import type { Receiver } from "./receiver.ts";
import { openSyslog } from "./syslog-receiver.ts";

/** Connect to a container's receiver. `unavailable` in Docker's words when that fails. `pid`: the engine's. */
export async function openReceiver({ plan, subject }: LogOwner, pid: number): Promise<Receiver> {
  const { receiver, selection } = plan;
  const attributes = selectAttributes(selection, subject);
  const tag = renderTag(selection.tag ?? defaultTag, subject);
  switch (receiver?.driver) {
    case "syslog":
      return openSyslog(receiver, { tag, hostname: subject.hostname, pid });
    case "journald":
      return openJournald(journaldFields(subject, tag, attributes));
    case "fluentd":
      return openFluentd(receiver, { tag, subject, attributes });
    case "gelf":
      try {
        return await openGelf(receiver, subject.hostname, gelfFields(subject, tag, attributes));
      } catch (cause) {
        const address = `${receiver.host}:${receiver.port}`;
        throw new BerthError(
          "unavailable",
          `gelf: cannot connect to GELF endpoint: ${address} ${(cause as Error).message}`,
        );
      }
    case undefined:
      throw new BerthError("internal", "this log is not forwarded");
  }
}

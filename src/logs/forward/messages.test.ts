import { describe, expect, test } from "bun:test";
import type { LogSubject } from "../attributes.ts";
import { fluentdChunk } from "./fluentd-receiver.ts";
import { gelfChunks, gelfFields, gelfMessage } from "./gelf-receiver.ts";
import { journaldEntry, journaldFields, journaldKey } from "./journald-receiver.ts";
import { unpack as unpackOne } from "../testing/unpack.ts";
import type { LogMessage } from "./receiver.ts";
import { counted, syslogMessage } from "./syslog-message.ts";

const unpack = (bytes: Uint8Array): unknown => unpackOne(bytes)?.value;
const timeNs = 1_795_279_614_889_245_123n;
const message: LogMessage = { stream: "stdout", text: Buffer.from("a\tb"), timeNs, part: undefined };
const piece: LogMessage = {
  ...message,
  stream: "stderr",
  text: Buffer.from("x\ny"),
  part: { id: "p1", ordinal: 2, last: true },
};
const subject: LogSubject = {
  containerId: "0123456789ab".padEnd(64, "c"),
  containerName: "web",
  imageId: "sha256:1",
  imageName: "busybox",
  argv: ["sh", "-c", "a<b"],
  labels: {},
  env: [],
  createdNs: timeNs,
  hostname: "vm",
};

/** As Debian's dockerd 20.10 sends them; the machine's zone is UTC there. */
describe("syslog", () => {
  const zone = process.env["TZ"];
  const identity = { tag: "tag", hostname: "vm", pid: 64 };
  const text = (format: "" | "rfc3164" | "rfc5424" | "rfc5424micro", of = message): string => {
    process.env["TZ"] = "UTC";
    try {
      return syslogMessage(of, { facility: 3, format }, identity).toString();
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  };
  test("formats", () => {
    expect(text("")).toBe("<30>Nov 21 16:46:54 tag[64]: a\tb\n");
    expect(text("rfc3164")).toBe("<30>Nov 21 16:46:54 vm tag[64]: a\tb\n");
    expect(text("rfc5424", piece)).toBe("<27>1 2026-11-21T16:46:54Z vm tag 64 tag - x\ny\n");
    expect(text("rfc5424micro")).toBe("<30>1 2026-11-21T16:46:54.889245Z vm tag 64 tag - a\tb\n");
  });
  test("octet counting", () => expect(counted(Buffer.from("é\n")).toString()).toBe("3 é\n"));
});

describe("gelf", () => {
  const fields = gelfFields(subject, "tag", new Map([["l", "z"]]));
  test("a message", () => {
    expect(gelfMessage(message, "vm", fields).toString()).toBe(
      `{"version":"1.1","host":"vm","short_message":"a\\tb","timestamp":1795279614.889,"level":6,"_command":"sh -c a\\u003cb","_container_id":"${subject.containerId}","_container_name":"web","_created":"2026-11-21T16:46:54.889245123Z","_image_id":"sha256:1","_image_name":"busybox","_l":"z","_tag":"tag"}`,
    );
  });
  test("chunks", () => {
    expect(gelfChunks(new Uint8Array(1420))).toHaveLength(1);
    const bytes = Buffer.alloc(3000, "x");
    const chunks = gelfChunks(bytes);
    expect(chunks.map((chunk) => chunk.byteLength)).toEqual([1420, 1420, 196]);
    expect(chunks.map((chunk) => [...chunk.subarray(0, 2), ...chunk.subarray(10, 12)])).toEqual([
      [0x1e, 0x0f, 0, 3],
      [0x1e, 0x0f, 1, 3],
      [0x1e, 0x0f, 2, 3],
    ]);
    expect(Buffer.concat(chunks.map((chunk) => chunk.subarray(12))).equals(bytes)).toBe(true);
    expect(gelfChunks(new Uint8Array(200_000))).toHaveLength(0);
  });
});

describe("fluentd", () => {
  const identity = { tag: "tag", subject, attributes: new Map([["E1", "5"]]) };
  test("a chunk in forward mode", () => {
    const bytes = fluentdChunk([message, piece], identity, { subSecond: true, chunk: "c" });
    expect(unpack(bytes)).toEqual([
      "tag",
      [
        [
          { seconds: 1_795_279_614, nanoseconds: 889_245_123 },
          { container_id: subject.containerId, container_name: "/web", source: "stdout", log: "a\tb", E1: "5" },
        ],
        [
          { seconds: 1_795_279_614, nanoseconds: 889_245_123 },
          {
            ...{ container_id: subject.containerId, container_name: "/web", source: "stderr", log: "x\ny", E1: "5" },
            ...{ partial_message: "true", partial_id: "p1", partial_ordinal: "2", partial_last: "true" },
          },
        ],
      ],
      { chunk: "c" },
    ]);
  });
  test("many and long ones", () => {
    const many = Array.from({ length: 300 }, () => message);
    const long: LogMessage = { ...message, text: Buffer.alloc(70_000, "y") };
    const [, entries] = unpack(fluentdChunk([...many, long], identity, { subSecond: false, chunk: undefined })) as [
      string,
      [number, { log: string }][],
    ];
    expect(entries).toHaveLength(301);
    expect(entries[0]?.[0]).toBe(1_795_279_614);
    expect(entries[300]?.[1].log).toBe("y".repeat(70_000));
  });
});

describe("journald", () => {
  test("an entry", () => {
    const entry = journaldEntry(piece, journaldFields(subject, "tag", new Map([["_my.key", "v"]]))).toString("latin1");
    expect(entry).toBe(
      [
        "MESSAGE\n\x03\0\0\0\0\0\0\0x\ny",
        "CONTAINER_ID=0123456789ab",
        `CONTAINER_ID_FULL=${subject.containerId}`,
        "CONTAINER_NAME=web",
        "CONTAINER_TAG=tag",
        "IMAGE_NAME=busybox",
        "SYSLOG_IDENTIFIER=tag",
        "MY_KEY=v",
        "PRIORITY=3",
        "SYSLOG_TIMESTAMP=2026-11-21T16:46:54.889245123Z",
        "CONTAINER_PARTIAL_ID=p1",
        "CONTAINER_PARTIAL_ORDINAL=2",
        "CONTAINER_PARTIAL_LAST=true",
        "",
      ].join("\n"),
    );
  });
  test("keys", () => expect(["a.b", "__x", "ä1", "_"].map(journaldKey)).toEqual(["A_B", "X", "1", ""]));
});

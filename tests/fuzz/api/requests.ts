import { bodies, type FieldType } from "./bodies.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Random } from "./random.ts";
import { queryValue, someFields, typedValue, wrongValue } from "./values.ts";

/** A request, printed to bytes by {@link printRequest}. */
export interface FuzzRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Version, path and query, as sent. `$EXEC` stands for the id of an exec. */
  readonly target: string;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
  /** What is wrong with it, for messages. */
  readonly fault: string;
}

/** The containers that {@link makeRequest} names: one that runs, one that was created, one that ended. */
export const fixtureNames = ["runs", "made", "ended"] as const;

const containers = [...fixtureNames, "runs", "runs", "nosuch"];
const oddNames = [
  "%2e%2e",
  "a%2Fb",
  "%00",
  "%ff",
  "%zz",
  "x".repeat(3000),
  "%20",
  "*",
  "made%0d%0a",
  "ü",
  "sha256:00",
  "-",
];
const images = [
  "busybox",
  "busybox:latest",
  "nosuch",
  "a/b/c:d",
  "BUSYBOX",
  "busybox@sha256:00",
  "%20",
  "a//b",
  ":",
  "x".repeat(300),
];

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** A request to `endpoint` with at most one thing wrong in most cases. */
export function makeRequest(random: Random, endpoint: Endpoint): FuzzRequest {
  const faults: string[] = [];
  const note = (text: string): void => void faults.push(text);
  const path = endpoint.path.replace(/\{([a-z]+)(\.\.\.)?\}/g, (_, name: string, many: string | undefined) => {
    if (random.chance(12)) {
      note("path");
      return random.pick(oddNames);
    }
    if (endpoint.path.startsWith("/exec/")) return random.chance(70) ? "$EXEC" : "nosuch";
    if (many !== undefined || endpoint.path.startsWith("/images/")) return random.pick(images);
    return endpoint.path.startsWith("/containers/") && name === "id" ? random.pick(containers) : "nosuch";
  });
  const query = endpoint.query
    .filter(() => random.chance(45))
    .map((parameter) => {
      note(parameter.name);
      const value = queryValue(random, endpoint, parameter.kind);
      return `${parameter.name}=${random.chance(3) ? random.pick(["%zz", "%ff", "%", "a;b", "a&b=c"]) : encodeURIComponent(value)}`;
    });
  const body = makeBody(random, endpoint, note);
  const version = random.chance(70)
    ? "/v1.41"
    : random.pick(["", "/v1.24", "/v1.40", "/v1.0", "/v9.9", "/v1.41/", "/vx"]);
  return {
    endpoint,
    method: endpoint.method,
    target: `${version}${path}${query.length === 0 ? "" : `?${query.join("&")}`}`,
    contentType: body.contentType,
    body: body.bytes,
    fault: faults.join(", "),
  };
}

interface Body {
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
}

function makeBody(random: Random, endpoint: Endpoint, note: (text: string) => void): Body {
  const none: Body = { bytes: new Uint8Array(), contentType: undefined };
  if (endpoint.body === undefined) {
    if (!random.chance(5)) return none;
    note("a body where none belongs");
    return { bytes: json(wrongValue(random)), contentType: "application/json" };
  }
  if (endpoint.body === "tar") {
    note("no archive");
    const bytes = random.pick([
      Buffer.alloc(0),
      Buffer.alloc(1024),
      Buffer.alloc(700, "x"),
      Buffer.from("\x1f\x8b\x08junk", "latin1"),
    ]);
    return { bytes, contentType: random.pick(["application/x-tar", undefined, "application/json"]) };
  }
  if (random.chance(15)) return brokenJson(random, note);
  const value = fieldValues(random, endpoint.body, note);
  if (random.chance(5)) {
    note("content type");
    return {
      bytes: json(value),
      contentType: random.pick(["text/plain", "application/json; charset=utf-16", "é", undefined]),
    };
  }
  return { bytes: json(value), contentType: "application/json" };
}

/** The text of a body as it would be if only the fuzzing differed: with what makes it acceptable otherwise. */
function fieldValues(random: Random, name: string, note: (text: string) => void): unknown {
  const type: FieldType | undefined = bodies[name];
  if (type === undefined) throw new Error(`no body called ${name}`);
  if (typeof type !== "object" || !("fields" in type))
    return random.chance(50) ? typedValue(random, type) : wrongValue(random);
  const base = required[name] ?? {};
  if (name === "create" && random.chance(60)) {
    const host = type.fields["HostConfig"];
    if (typeof host !== "object" || !("fields" in host)) throw new Error("HostConfig is no table");
    return { ...base, HostConfig: spoilt(random, host.fields, note) };
  }
  return { ...base, ...spoilt(random, type.fields, note) };
}

function spoilt(
  random: Random,
  fields: Readonly<Record<string, FieldType>>,
  note: (text: string) => void,
): Record<string, unknown> {
  if (random.chance(60)) {
    const values = someFields(random, { fields }, 2);
    note(Object.keys(values).join(" "));
    return values;
  }
  const field = random.pick(Object.keys(fields));
  note(`type of ${field}`);
  return { [field]: wrongValue(random) };
}

/** What a body needs to be acceptable. */
const required: Readonly<Record<string, Record<string, unknown>>> = {
  create: { Image: "busybox", Cmd: ["true"] },
  exec: { Cmd: ["true"] },
  execStart: { Detach: true },
  network: { Name: "fuzzed" },
  volume: { Name: "fuzzed" },
  connect: { Container: "made" },
  disconnect: { Container: "made" },
  auth: { serveraddress: "127.0.0.1:1" },
};

function brokenJson(random: Random, note: (text: string) => void): Body {
  const bytes = random.pick<Uint8Array>([
    Buffer.from('{"Image":"busybox"'),
    Buffer.from("{'Image':1}"),
    Buffer.from('{"Image":"busybox"}}'),
    Buffer.from('{"Image":"busybox"}{"Cmd":[]}'),
    Buffer.from('\ufeff{"Image":"busybox"}'),
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    Buffer.from('{"Image":"busybox"}', "utf16le"),
    Buffer.from("[".repeat(100_000)),
    Buffer.from(`{"a":${"[".repeat(9000)}${"]".repeat(9000)}}`),
    Buffer.from('{"Memory":1e999}'),
    Buffer.from('{"Image":"\\ud800"}'),
    Buffer.from("null"),
    Buffer.from("[]"),
    Buffer.from("1"),
    Buffer.from('"a"'),
    Buffer.from("true"),
    Buffer.from(" "),
    Buffer.from(""),
    Buffer.from('{"__proto__":{"Image":"busybox"}}'),
    Buffer.from(`{"Labels":{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":"v"`).join(",")}}}`),
  ]);
  note(`JSON ${JSON.stringify(Buffer.from(bytes).toString("latin1").slice(0, 30))}`);
  return { bytes, contentType: "application/json" };
}

/** The bytes of a request on a connection of its own. */
export function printRequest(request: FuzzRequest, execId: string): Uint8Array {
  const head = [
    `${request.method} ${request.target.replace("$EXEC", execId)} HTTP/1.1`,
    "Host: engine",
    "Connection: close",
    ...(request.contentType === undefined ? [] : [`Content-Type: ${request.contentType}`]),
    ...(request.body.length > 0 || request.method === "POST" || request.method === "PUT"
      ? [`Content-Length: ${request.body.length}`]
      : []),
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), request.body]);
}

import { bytes, duration } from "#cli/container/options/resource-options.ts";
import { list, text, toggle, type FlagKind, type FlagSpec } from "#cli/flags/flag-kind.ts";

function oneOf(...words: readonly [string, ...string[]]): FlagKind<string> {
  return {
    typeName: "string",
    initial: words[0],
    accept(_before, value) {
      if (!words.includes(value)) throw new Error(`it must be one of ${words.join(", ")}`);
      return value;
    },
  };
}

/** Every command about a registry on this machine says which. */
export const rootFlag: FlagSpec = {
  name: "root",
  kind: text,
  usage: "Folder of the registry",
  value: "/var/lib/berth-registry",
};

const HOUR_NS = 3_600_000_000_000;

/** Flags of `berth registry serve`. */
export const serveFlags: readonly FlagSpec[] = [
  {
    name: "addr",
    kind: text,
    usage: "Address to listen on (HOST:PORT)",
    value: "127.0.0.1:5000",
    section: "Listening",
  },
  { name: "tls-cert", kind: text, usage: "Certificate file: serve HTTPS alone", section: "Listening" },
  { name: "tls-key", kind: text, usage: "Key file of the certificate", section: "Listening" },
  { name: "tls-ca", kind: text, usage: "Admit only clients whose certificate this one signed", section: "Listening" },
  {
    name: "public-url",
    kind: text,
    usage: "How clients call it (https://HOST[:PORT]), when a proxy in front hides that",
    section: "Listening",
  },
  {
    name: "auth",
    kind: oneOf("none", "users"),
    usage: "Who may do what: `none` everybody everything, `users` by users and grants",
    section: "Access",
  },
  {
    name: "htpasswd",
    kind: text,
    usage: "Everything to whoever is in this file (bcrypt), nothing to others",
    section: "Access",
  },
  { ...rootFlag, section: "Storing" },
  {
    name: "s3-endpoint",
    kind: text,
    usage:
      "Keep blobs in an S3-compatible object store (https://HOST[:PORT]; credentials from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
    section: "Storing",
  },
  { name: "s3-bucket", kind: text, usage: "Bucket of the object store", section: "Storing" },
  { name: "s3-region", kind: text, usage: "Region of the object store", value: "us-east-1", section: "Storing" },
  { name: "s3-prefix", kind: text, usage: "What every key in the bucket begins with", section: "Storing" },
  { name: "read-only", kind: toggle, usage: "Refuse every change", section: "Storing" },
  { name: "max-blob-size", kind: bytes, usage: "Refuse larger blobs (0: no limit)", section: "Storing" },
  {
    name: "grace",
    kind: duration,
    usage: "How long blobs without a manifest and idle uploads are kept",
    value: 24 * HOUR_NS,
    fallback: "24h",
    section: "Storing",
  },
  {
    name: "undelete",
    kind: duration,
    usage: "How long what was deleted can be brought back",
    value: 168 * HOUR_NS,
    fallback: "168h",
    section: "Storing",
  },
  {
    name: "gc-interval",
    kind: duration,
    usage: "Time between two collections of garbage (0: none)",
    value: HOUR_NS,
    fallback: "1h",
    section: "Storing",
  },
  {
    name: "scrub-interval",
    kind: duration,
    usage: "Time between two readings of every blob (0: none)",
    fallback: "0s",
    section: "Storing",
  },
  {
    name: "metrics-addr",
    kind: text,
    usage: "Address of Prometheus metrics and health (HOST:PORT)",
    section: "Watching",
  },
  {
    name: "webhook",
    kind: list,
    usage: "Tell this address of every push, pull, mount and deletion",
    section: "Watching",
  },
  {
    name: "webhook-header",
    kind: list,
    usage: "Header sent to webhooks (NAME=VALUE)",
    section: "Watching",
  },
  {
    name: "webhook-patience",
    kind: duration,
    usage: "How long an event is tried to be told before it is given up",
    value: 24 * HOUR_NS,
    fallback: "24h",
    section: "Watching",
  },
  {
    name: "upstream",
    kind: list,
    usage: "Keep what is pulled of another registry below a name (NAME=URL, docker.io=https://registry-1.docker.io)",
    section: "Upstreams",
  },
  {
    name: "upstream-login",
    kind: list,
    usage: "Sign in to an upstream with the USER:PASSWORD in a file (NAME=FILE)",
    section: "Upstreams",
  },
  {
    name: "mirror",
    kind: text,
    usage: "Look for what is not here in the upstream of this name, as a registry mirror does",
    section: "Upstreams",
  },
  {
    name: "log-level",
    kind: oneOf("info", "debug", "warn", "error"),
    usage: "Least weight of what is logged: debug, info, warn or error",
    section: "Logging",
  },
  { name: "log-format", kind: oneOf("text", "json"), usage: "text or json", section: "Logging" },
];

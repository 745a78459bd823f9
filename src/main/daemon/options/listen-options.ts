import { boolean, string, stringList } from "./value-kinds.ts";
import type { Option } from "./option.ts";

export const listenOptions: readonly Option[] = [
  {
    name: "host",
    short: "H",
    key: "hosts",
    kind: stringList,
    section: "Listening",
    usage: "Socket to listen on: unix://PATH, tcp://HOST:PORT or fd:// (handed over by systemd)",
    fallback: "unix://EXEC-ROOT/berth.sock",
  },
  {
    name: "docker-socket",
    key: false,
    kind: boolean,
    section: "Listening",
    usage: "Listen on /var/run/docker.sock too",
    differs: "Berth only: its own socket leaves Docker's alone",
  },
  {
    name: "group",
    short: "G",
    kind: string,
    value: "berth",
    fallback: "berth",
    section: "Listening",
    usage: "Group of the unix sockets, by name or number",
    differs: "dockerd: docker",
  },
  { name: "tls", kind: boolean, section: "Listening", usage: "Use TLS on tcp:// sockets; implied by --tlsverify" },
  {
    name: "tlsverify",
    kind: boolean,
    section: "Listening",
    usage: "Use TLS and admit only clients whose certificate --tlscacert signed; true where --tls is",
  },
  {
    name: "tlscacert",
    kind: string,
    fallback: "DOCKER_CERT_PATH/ca.pem",
    section: "Listening",
    usage: "Trust client certificates signed by this CA only",
  },
  {
    name: "tlscert",
    kind: string,
    fallback: "DOCKER_CERT_PATH/cert.pem",
    section: "Listening",
    usage: "The engine's TLS certificate",
  },
  {
    name: "tlskey",
    kind: string,
    fallback: "DOCKER_CERT_PATH/key.pem",
    section: "Listening",
    usage: "The key of --tlscert",
  },
  {
    name: "insecure-tcp",
    key: false,
    kind: boolean,
    section: "Listening",
    usage: "Allow tcp:// sockets without TLS: everyone who reaches the port is root",
    differs: "Berth only; --tls=false or --tlsverify=false say the same, as with dockerd",
  },
  {
    name: "min-api-version",
    kind: string,
    section: "Listening",
    usage: "Oldest API version to speak",
    fallback: "1.24",
    differs: "dockerd: 1.40; DOCKER_MIN_API_VERSION is read too",
  },
  {
    name: "experimental",
    kind: boolean,
    section: "Listening",
    usage: "Tell clients that experimental features are on",
    differs: "Only told: no feature of this engine hangs on it",
  },
  {
    name: "metrics-addr",
    kind: string,
    section: "Listening",
    usage: "Address and port of the Prometheus metrics page",
  },
  {
    name: "authorization-plugin",
    key: "authorization-plugins",
    kind: stringList,
    section: "Listening",
    usage: "Plugins that permit requests",
    refused: "this engine has no plugins; restrict the socket by its group or by client certificates",
    allows: isEmpty,
  },
  {
    name: "api-cors-header",
    kind: string,
    section: "Listening",
    usage: "CORS headers of the API",
    refused: "Docker removed CORS headers; use a reverse proxy if you need them",
    allows: isEmpty,
  },
];

/** Asks for nothing: "", [], {}, 0, false. */
export function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === "" || value === 0 || value === false || value === null;
}

/**
 * A small volume plugin by Docker's plugin protocol, a program of its own: `bun plugin-program.ts ADDRESS DIR`, ADDRESS
 * being a socket's path or a port of 127.0.0.1. A volume is a folder below DIR/volumes with its options beside it, so that
 * a plugin that comes back knows them. Every call is appended to DIR/calls.jsonl, one JSON value a line.
 *
 * What a volume's option `fail` names is refused: `fail=Mount` fails VolumeDriver.Mount with a JSON error, `fail=Mount!`
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Call {
  readonly Name?: string;
  readonly ID?: string;
  readonly Opts?: Readonly<Record<string, string>> | null;
}

const [address = "", dir = ""] = process.argv.slice(2);
const volumes = join(dir, "volumes");
mkdirSync(volumes, { recursive: true });

const dataOf = (name: string): string => join(volumes, name, "data");
const optionsOf = (name: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(join(volumes, name, "options.json"), "utf8")) as Readonly<Record<string, string>>;
const known = (name: string): boolean => name !== "" && existsSync(join(volumes, name));
const shown = (name: string): unknown => ({
  Name: name,
  Mountpoint: "",
  CreatedAt: "2026-01-02T03:04:05Z",
  Status: { options: Object.keys(optionsOf(name)).length },
});

const answers: Readonly<Record<string, (call: Call & { readonly Name: string }) => unknown>> = {
  "Plugin.Activate": () => ({ Implements: ["VolumeDriver"] }),
  "VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "global" } }),
  "VolumeDriver.Create": ({ Name, Opts }) => {
    mkdirSync(dataOf(Name), { recursive: true });
    writeFileSync(join(volumes, Name, "options.json"), JSON.stringify(Opts ?? {}));
    return {};
  },
  "VolumeDriver.Remove": ({ Name }) => {
    rmSync(join(volumes, Name), { recursive: true });
    return {};
  },
  "VolumeDriver.Mount": ({ Name }) => ({ Mountpoint: dataOf(Name) }),
  "VolumeDriver.Unmount": () => ({}),
  "VolumeDriver.Path": ({ Name }) => ({ Mountpoint: dataOf(Name) }),
  "VolumeDriver.Get": ({ Name }) => ({ Volume: shown(Name) }),
  "VolumeDriver.List": () => ({ Volumes: readdirSync(volumes).map(shown) }),
};

async function answer(request: Request): Promise<Response> {
  const method = new URL(request.url, "http://plugin").pathname.slice(1);
  const text = await request.text();
  const call = (text === "" ? {} : JSON.parse(text)) as Call;
  appendFileSync(join(dir, "calls.jsonl"), `${JSON.stringify({ method, ...call })}\n`);
  const reply = answers[method];
  if (reply === undefined) return new Response("not found", { status: 404 });
  const { Name = "" } = call;
  const fail = call.Opts?.["fail"] ?? (known(Name) ? optionsOf(Name)["fail"] : undefined) ?? "";
  if (`VolumeDriver.${fail}` === `${method}!`) return new Response("plainly broken\n", { status: 500 });
  if (`VolumeDriver.${fail}` === method) return Response.json({ Err: `${fail} does not want to` }, { status: 500 });
  const needsVolume = /\.(Remove|Mount|Unmount|Path|Get)$/.test(method);
  if (needsVolume && !known(Name)) return Response.json({ Err: `no volume ${Name} here` }, { status: 500 });
  return Response.json(reply({ ...call, Name }), {
    headers: { "content-type": "application/vnd.docker.plugins.v1.2+json" },
  });
}

const server = address.startsWith("/")
  ? Bun.serve({ unix: address, fetch: answer })
  : Bun.serve({ hostname: "127.0.0.1", port: Number(address), fetch: answer });
process.on("SIGTERM", () => {
  void server.stop(true);
  if (address.startsWith("/")) rmSync(address, { force: true });
  process.exit(0);
});

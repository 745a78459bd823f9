import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { readHostsFile } from "./hosts-file.ts";
import { placesOf } from "./registry-hosts.ts";

const base = mkdtempSync(`${tmpdir()}/berth-hosts-`);
const settings = { insecureRegistries: [], mirrors: ["https://hub-mirror.lan"], rules: [], certificateDirs: [base] };
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(base, { recursive: true, force: true });
  mkdirSync(base);
});

function write(folder: string, text: string): void {
  mkdirSync(`${base}/${folder}`, { recursive: true });
  writeFileSync(`${base}/${folder}/hosts.toml`, text);
}

test("hosts in their order, with what each is for, before the registry itself", () => {
  mkdirSync(`${base}/docker.io`);
  for (const name of ["ca.pem", "both.pem"]) writeFileSync(`${base}/docker.io/${name}`, name);
  write(
    "docker.io",
    `server = "https://registry-1.docker.io"
[host."https://z.lan/hub/v2"]
  capabilities = ["pull", "resolve"]
  ca = "ca.pem"
  client = "both.pem"
  [host."https://z.lan/hub/v2".header]
    X-Team = "blue"
[host."a.lan:5000"]
  capabilities = ["Pull", "referrers"]
  skip_verify = true
[host."http://root.lan/api"]
  override_path = true
  dial_timeout = "1.5s"
`,
  );
  const tls = { insecure: false, authorities: ["ca.pem"], certificate: "both.pem", key: "both.pem" };
  const common = { isApiRoot: false, headers: {} };
  expect(placesOf("docker.io", settings)).toEqual([
    {
      endpoints: [
        {
          ...common,
          baseUrl: "https://z.lan/hub",
          tls,
          insecure: false,
          headers: { "x-team": "blue" },
          namespace: "docker.io",
        },
      ],
      capabilities: ["resolve", "pull"],
      isOwn: false,
    },
    {
      endpoints: [
        {
          ...common,
          baseUrl: "https://a.lan:5000",
          tls: { insecure: true },
          insecure: false,
          namespace: "docker.io",
        },
      ],
      capabilities: ["pull"],
      isOwn: false,
    },
    {
      endpoints: [
        {
          ...common,
          baseUrl: "http://root.lan/api",
          isApiRoot: true,
          dialTimeoutMs: 1500,
          tls: undefined,
          insecure: true,
          namespace: "docker.io",
        },
      ],
      capabilities: ["resolve", "pull", "push"],
      isOwn: false,
    },
    {
      endpoints: [{ ...common, baseUrl: "https://registry-1.docker.io", tls: undefined, insecure: false }],
      capabilities: ["resolve", "pull", "push"],
      isOwn: true,
    },
  ]);
});

test("a file without hosts says how to reach the registry; mirrors of the Hub stay", () => {
  write("_default", "skip_verify = true\n");
  write("reg.lan_5000_", 'server = "reg.lan:5000"\nca = []\n');
  expect(placesOf("reg.lan:5000", settings).map(({ endpoints }) => endpoints[0]?.tls)).toEqual([{ insecure: false }]);
  expect(placesOf("other.lan", settings).map(({ endpoints }) => endpoints[0]?.tls)).toEqual([{ insecure: true }]);
  expect(placesOf("docker.io", settings).map(({ endpoints }) => endpoints[0]?.baseUrl)).toEqual([
    "https://hub-mirror.lan",
    "https://registry-1.docker.io",
  ]);
  rmSync(`${base}/_default`, { recursive: true });
  expect(readHostsFile("other.lan", [base])).toBeUndefined();
});

test.each([
  ["server = [", /reg\.lan\/hosts\.toml: .*TOML/],
  ["server = 5", /server is no text/],
  ["servers = 'x'", /unknown key "servers"/],
  ['[host."https://x.lan"]\ncapabilities = ["fly"]', /unknown capability "fly"/],
  ['[host."https://x.lan"]\nca = "none.pem"', /reg\.lan\/none\.pem cannot be read/],
  ['[host."https://u@x.lan"]', /"https:\/\/u@x\.lan" is no address/],
  ['[host."https://x.lan"]\nskip_verify = "yes"', /skip_verify is neither true nor false/],
  ["host = 5", /host is no table/],
  ["dial_timeout = 5", /dial_timeout is no text/],
  ['dial_timeout = "5"', /missing unit in duration "5"/],
  ['dial_timeout = "-5s"', /dial_timeout "-5s" is below nothing/],
  ["capabilities = [1]", /capabilities is not made of texts/],
])("%s is refused", (text, message) => {
  write("reg.lan", text);
  expect(() => placesOf("reg.lan", settings)).toThrow(message);
});

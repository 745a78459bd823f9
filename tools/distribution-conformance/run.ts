/**
 * `npm run distribution-conformance -- FOLDER...`: the OCI's public conformance suites for registries on `berth registry
 * serve`, open to all, with accounts, with an htpasswd file over TLS, and beside what it caches of another. Each FOLDER is `conformance` of a clone
 * of opencontainers/distribution-spec, at v1.1.1 or later: the suites are on no package registry. Needs Go and `npm run
 * build`. Prints what failed and the numbers of each run; fails when anything did.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { startBerthRegistry, type RunningBerthRegistry } from "../lab/berth-registry.ts";
import { command, mustRun } from "../lab/command.ts";
import { findProgram } from "../lab/paths.ts";
import { countCases, type Counts } from "./junit.ts";

interface Suite {
  readonly name: string;
  readonly program: string;
  /** That of v1.1.1, by Go's own test runner. */
  readonly isFirst: boolean;
}

interface Setting {
  readonly name: string;
  readonly args: readonly string[];
  readonly login?: { readonly username: string; readonly password: string };
  readonly isTls?: boolean;
  readonly prepare?: (registry: RunningBerthRegistry) => Promise<void>;
}

const PASSWORD = "correct horse";
const USER = { username: "ann", password: PASSWORD };

async function build(folder: string, scratch: string): Promise<Suite> {
  const go = findProgram("go") ?? (existsSync("/usr/local/go/bin/go") ? "/usr/local/go/bin/go" : undefined);
  if (go === undefined) throw new Error("the suites need Go to be built (https://go.dev/dl)");
  const isFirst = existsSync(join(folder, "00_conformance_suite_test.go"));
  const program = join(scratch, `suite-${isFirst ? "first" : "later"}`);
  const env = { CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOFLAGS: "-mod=mod -buildvcs=false" };
  await mustRun([go, ...(isFirst ? ["test", "-c"] : ["build"]), "-o", program, "."], {
    cwd: folder,
    env,
    timeoutMs: 600_000,
  });
  return { name: isFirst ? "v1.1.1" : "later", program, isFirst };
}

async function settings(scratch: string, upstream: RunningBerthRegistry): Promise<readonly Setting[]> {
  const certificate = join(scratch, "cert.pem");
  const key = join(scratch, "key.pem");
  await mustRun([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
    ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
  ]);
  const hash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 5 });
  writeFileSync(join(scratch, "htpasswd"), `${USER.username}:${hash}\n`);
  return [
    { name: "open", args: [] },
    {
      name: "accounts",
      args: ["--auth", "users"],
      login: USER,
      prepare: async (registry) =>
        void (await registry.admin(["user", "add", "ann", "--admin", "--password-stdin"], PASSWORD)),
    },
    {
      name: "htpasswd over TLS",
      args: ["--htpasswd", join(scratch, "htpasswd"), "--tls-cert", certificate, "--tls-key", key],
      login: USER,
      isTls: true,
    },
    { name: "beside what is cached", args: ["--upstream", `up.lan=http://${upstream.address}`] },
  ];
}

function environment(suite: Suite, setting: Setting, address: string, results: string): Record<string, string> {
  const { login, isTls = false } = setting;
  const user = login === undefined ? {} : { OCI_USERNAME: login.username, OCI_PASSWORD: login.password };
  if (suite.isFirst) {
    return {
      ...user,
      OCI_ROOT_URL: `${isTls ? "https" : "http"}://${address}`,
      OCI_NAMESPACE: "ann/repo1",
      OCI_CROSSMOUNT_NAMESPACE: "ann/repo2",
      OCI_TEST_PULL: "1",
      OCI_TEST_PUSH: "1",
      OCI_TEST_CONTENT_DISCOVERY: "1",
      OCI_TEST_CONTENT_MANAGEMENT: "1",
      OCI_REPORT_DIR: results,
    };
  }
  return {
    ...user,
    OCI_VERSION: "dev",
    OCI_REGISTRY: address,
    OCI_TLS: isTls ? "insecure" : "disabled",
    OCI_REPO1: "ann/repo1",
    OCI_REPO2: "ann/repo2",
    OCI_RESULTS_DIR: results,
  };
}

async function runOne(suite: Suite, setting: Setting, scratch: string): Promise<Counts> {
  const dir = mkdtempSync(join(scratch, "run-"));
  const results = join(dir, "results");
  mkdirSync(results);
  const registry = await startBerthRegistry({ dir, args: setting.args });
  try {
    await setting.prepare?.(registry);
    const trusted = setting.isTls === true ? { SSL_CERT_FILE: join(scratch, "cert.pem") } : {};
    const env = { ...environment(suite, setting, registry.address, results), ...trusted };
    const { stdout, stderr } = await command([suite.program], { cwd: dir, env, timeoutMs: 600_000 });
    const report = join(results, "junit.xml");
    if (!existsSync(report)) throw new Error(`${suite.name}, ${setting.name}: no results\n${stdout}${stderr}`);
    return countCases(readFileSync(report, "utf8"));
  } finally {
    await registry.daemon.stop();
  }
}

async function main(folders: readonly string[]): Promise<number> {
  if (folders.length === 0)
    throw new Error("name the folder `conformance` of a clone of opencontainers/distribution-spec");
  const scratch = mkdtempSync(join(tmpdir(), "berth-distribution-conformance-"));
  let isClean = true;
  try {
    const upstreamDir = join(scratch, "upstream");
    mkdirSync(upstreamDir);
    const upstream = await startBerthRegistry({ dir: upstreamDir });
    try {
      const all = await settings(scratch, upstream);
      for (const folder of folders) {
        const suite = await build(folder, scratch);
        for (const setting of all) {
          const { passed, skipped, failed } = await runOne(suite, setting, scratch);
          const numbers = `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
          console.log(`${basename(folder)} ${suite.name}, ${setting.name}: ${numbers}`);
          for (const name of failed) console.log(`    failed: ${name}`);
          for (const name of skipped) console.log(`    skipped: ${name}`);
          isClean &&= failed.length === 0 && passed > 0;
        }
      }
    } finally {
      await upstream.daemon.stop();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return isClean ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));

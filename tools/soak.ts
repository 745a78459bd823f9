/**
 * `npm run soak -- [MINUTES] [PART]`: works an engine for a long time (each part ten minutes unless told), and fails when
 * its memory or its open descriptors keep growing, when an answer is wrong, or when anything is left at the end.
 *
 *   turns    everything people do, over and over
 *   churn    eight clients on the same and different containers at once
 *   killed   the engine killed while clients work it
 *   transfers clients, engine and registry killed in the midst of pushes and pulls
 *   networks networks and volumes made and removed, with the engine killed in between
 *   systemd  the unit files under a real systemd, once
 *   compose-lines  lines of docker compose beside ours, once
 *   fuzz     requests made from the API's description
 */
import { leavingNothing } from "./checks/leaving-nothing.ts";
import { runBunTests, runStages, type StageResult } from "./checks/stage.ts";
import { ensureSystemPackages, testPackages } from "./lab/system-packages.ts";
import { soakTurns } from "./soak/turns.ts";

const [minutesText = "10", wanted] = process.argv.slice(2);
const minutes = Number(minutesText);
if (!Number.isFinite(minutes) || minutes <= 0) throw new Error(`not a number of minutes: ${minutesText}`);

const seed = Math.floor(Math.random() * 1e6);
// What one minute holds on two processors.
const perMinute = { fuzz: 1200, operations: 500, kills: 50, cycles: 200, transfers: 20 };
const times = (count: number): string => String(Math.ceil(count * minutes));

const parts: Readonly<Record<string, () => Promise<StageResult>>> = {
  turns: () => soakTurns(minutes),
  churn: () => runBunTests(["tests/fault/churn.test.ts"], { CHURN_SECONDS: times(60) }),
  killed: () =>
    runBunTests(["tests/fault/killed-at-work.test.ts"], {
      KILLED_OPERATIONS: times(perMinute.operations),
      KILLED_KILLS: times(perMinute.kills),
    }),
  transfers: () =>
    runBunTests(["tests/fault/transfers-killed.test.ts"], { TRANSFER_ROUNDS: times(perMinute.transfers) }),
  networks: () => runBunTests(["tests/fault/network-cycles.test.ts"], { NETWORK_CYCLES: times(perMinute.cycles) }),
  systemd: () => runBunTests(["./tests/soak/systemd.test.ts"]),
  "compose-lines": () => runBunTests(["./tests/clients/compose-lines.test.ts"], { COMPOSE_LINES: "all" }),
  fuzz: () => {
    console.log(`FUZZ_SEED=${seed}`);
    return runBunTests(["tests/fuzz/api"], { FUZZ_REQUESTS: times(perMinute.fuzz), FUZZ_SEED: String(seed) });
  },
};

const chosen = Object.entries(parts).filter(([name]) => wanted === undefined || name === wanted);
if (chosen.length === 0) throw new Error(`no part is called ${wanted}: ${Object.keys(parts).join(", ")}`);
await ensureSystemPackages(testPackages);
const lines = await runStages(
  chosen.map(([name, run]) => ({ name, what: `${minutes} minutes`, run: () => leavingNothing(run) })),
  new Set(),
);
const passed = lines.reduce((sum, line) => sum + line.passed, 0);
const failed = lines.reduce((sum, line) => sum + line.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

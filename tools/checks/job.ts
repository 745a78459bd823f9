/** One job of file-jobs.ts: `bun test` with these arguments, and a look at what it left behind. Ends with the sum of both. */
import { leavingNothing } from "./leaving-nothing.ts";
import { runBunTests } from "./stage.ts";

const { passed, failed } = await leavingNothing(() => runBunTests(process.argv.slice(2)));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Installs the system packages that building (`build`, the default) or testing (`test`) needs, only the missing ones. */
import { buildPackages, ensureSystemPackages, testPackages } from "./lab/system-packages.ts";

await ensureSystemPackages(process.argv[2] === "test" ? [...buildPackages, ...testPackages] : buildPackages);

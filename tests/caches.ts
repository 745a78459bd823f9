import { fetchKernel } from "../tools/guest/kernel.ts";
import { apparmorDir, sambaDir } from "../tools/guest/root-disk.ts";
import { checkpolicyDir } from "../tools/guest/selinux-policy.ts";
import { composePrograms, laterDockerDir } from "../tools/lab/apt-suite.ts";
import { buildahDir } from "../tools/lab/buildah.ts";
import { debianRegistryDir } from "../tools/lab/debian-registry.ts";
import { fetchEmulation } from "../tools/lab/emulation.ts";
import { referenceDir } from "../tools/lab/engines.ts";
import { opensshServerDir } from "../tools/lab/openssh.ts";
import { podmanDir } from "../tools/lab/podman.ts";
import { distributionArchive } from "../tools/lab/test-images.ts";
import { xfsProgramsDir } from "../tools/lab/xfs.ts";
import { servicesArchive } from "./clients/compose/service-image.ts";
import { installClients } from "./clients/lab.ts";
import { installStore } from "./engine/object-store/install.ts";

/**
 * Fetches into the cache what tests use of other people's programs, unless it is there: a test on a private machine cannot,
 * and two at once would fetch it twice.
 */
export async function fillCaches(): Promise<void> {
  await Promise.all([fetchPackages(), installClients(), installStore()]);
}

/** By apt, one after the other. */
async function fetchPackages(): Promise<void> {
  await referenceDir();
  await laterDockerDir();
  await composePrograms();
  await debianRegistryDir();
  await podmanDir();
  await buildahDir();
  await opensshServerDir();
  await xfsProgramsDir();
  await fetchEmulation();
  await distributionArchive();
  await servicesArchive();
  // The guest is described for these machines only.
  if (process.arch === "x64") {
    await fetchKernel();
    await apparmorDir();
    await sambaDir();
    await checkpolicyDir();
  }
}

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../lab/command.ts";
import { extractPackages } from "../lab/extracted-packages.ts";
import { projectDir } from "../lab/paths.ts";

/** Debian's compiler of SELinux policies, unpacked. */
export function checkpolicyDir(): Promise<string> {
  return extractPackages("checkpolicy", ["checkpolicy"]);
}

const CATEGORIES = 1024;

/** Newest form that Linux 6.1 loads. */
const POLICY_VERSION = "33";

const contexts = `process = "system_u:system_r:container_t:s0"
file = "system_u:object_r:container_file_t:s0"
ro_file = "system_u:object_r:container_ro_file_t:s0"
`;

/** Put the guest's policy, which init loads, and what it says of containers below a root's /etc/selinux. */
export async function installSelinuxPolicy(root: string): Promise<void> {
  const dir = join(root, "etc/selinux");
  mkdirSync(join(dir, "guest/contexts"), { recursive: true });
  writeFileSync(join(dir, "config"), "SELINUX=enforcing\nSELINUXTYPE=guest\n");
  writeFileSync(join(dir, "guest/contexts/lxc_contexts"), contexts);
  const categories = Array.from({ length: CATEGORIES }, (_, index) => `category c${index};\n`).join("");
  const text = readFileSync(join(projectDir, "tools/guest/policy.conf"), "utf8").replace("# CATEGORIES\n", categories);
  const source = join(dir, "guest/policy.conf");
  writeFileSync(source, text);
  const compiler = join(await checkpolicyDir(), "usr/bin/checkpolicy");
  await mustRun([compiler, "-M", "-U", "allow", "-c", POLICY_VERSION, "-o", join(dir, "guest/policy"), source]);
}

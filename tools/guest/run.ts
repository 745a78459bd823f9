/**
 * `npm run guest`: runs what tests/root and tests/guest ask of the kernel on one that has cgroup v2 alone, in a virtual machine: the
 * distribution's cloud kernel and root, this checkout and dist/, under qemu without hardware help. The serial console is
 * printed; the exit code is 0 when the tests passed.
 *
 *   npm run guest -- TESTFILE...   only these, by their paths in the project
 */
import { spawn } from "node:child_process";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { broke, countsOf, type StageResult } from "../checks/stage.ts";
import { cacheDir, findProgram, projectDir } from "../lab/paths.ts";
import { ensureSystemPackages, testPackages } from "../lab/system-packages.ts";
import { writeCpio } from "./cpio-writer.ts";
import { bootModules, fetchKernel, type GuestKernel } from "./kernel.ts";
import { makeRootDisk } from "./root-disk.ts";

const timeoutMs = Number(process.env["BERTH_GUEST_TIMEOUT_MS"] ?? 1_200_000);

/** What asks the same of every kernel: images, registries, archives, logs, streams, files, command lines. The guest is slow. */
const elsewhere =
  /\/(?:commit|container-files|host|hostile-answers|image-archives|image-maker|image|mirrors|oci-runtime-bundles|oci-runtime-options|platforms|pull-again|push|registry-questions|shim-log|shim-process|tree)\.test\.ts$/u;

function writeInitramfs(kernel: GuestKernel): string {
  const path = join(cacheDir("guest"), "initramfs");
  const modules = bootModules(kernel).map(({ path: name, content }, index) => ({
    path: `modules/${String(index).padStart(2, "0")}-${name.split("/").at(-1)}`,
    mode: 0o644,
    content,
  }));
  const files = [
    { path: "init", mode: 0o755, content: readFileSync(join(projectDir, "tools/guest/boot.sh")) },
    { path: "bin/busybox", mode: 0o755, content: readFileSync(findProgram("busybox") ?? "/bin/busybox") },
    ...modules,
  ];
  writeFileSync(path, writeCpio(files));
  return path;
}

/**
 * What the kernel is told beyond the usual, by the name of the boot. SELinux and AppArmor exclude each other: the second boot
 * runs what needs SELinux and nothing else.
 */
const boots: Readonly<Record<string, string>> = { tests: "", selinux: "security=selinux enforcing=1" };
const isForSelinux = (file: string): boolean => file.startsWith("tests/guest/selinux/");

/** Runs the machine to its end; undefined when the tests in it never came to theirs. */
async function boot(
  kernel: GuestKernel,
  initramfs: string,
  disk: string,
  options: string,
): Promise<{ readonly code: number; readonly counts: StageResult } | undefined> {
  const child = spawn(
    "qemu-system-x86_64",
    [
      ...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3072"],
      ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot"],
      ...["-kernel", kernel.image, "-initrd", initramfs],
      ...[
        "-append",
        `console=ttyS0 quiet panic=-1 systemd.unified_cgroup_hierarchy=1 tsc=reliable no_timer_check mitigations=off ${options}`,
      ],
      ...["-drive", `file=${disk},if=virtio,format=raw,cache=unsafe`],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => {
    const chunk = bytes.toString().replaceAll("\r", "");
    process.stdout.write(chunk);
    text += chunk;
  });
  const stop = (): void => void child.kill("SIGKILL");
  process.once("exit", stop);
  const timer = setTimeout(() => {
    console.error(`guest: not done after ${timeoutMs / 1000} s, stopped`);
    stop();
  }, timeoutMs);
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  clearTimeout(timer);
  process.off("exit", stop);
  const code = /^guest: tests ended with (\d+)$/m.exec(text)?.[1];
  return code === undefined ? undefined : { code: Number(code), counts: countsOf(text) ?? broke };
}

if (process.arch !== "x64") throw new Error("the guest is described for x86-64 machines only");
await ensureSystemPackages(testPackages);
const kernel = await fetchKernel();
console.log(`guest: kernel ${kernel.version}`);
const named = process.argv.slice(2);
const all = globSync(["tests/{root,guest}/*.test.ts", "tests/guest/selinux/*.test.ts"], { cwd: projectDir })
  .filter((file) => !elsewhere.test(file))
  .sort();
const wanted = named.length > 0 ? named : all;
const tests = {
  tests: wanted.filter((file) => !isForSelinux(file)),
  selinux: wanted.filter((file) => isForSelinux(file)),
} as const;
const disk = await makeRootDisk(kernel, tests);
try {
  const initramfs = writeInitramfs(kernel);
  let [passed, failed, code] = [0, 0, 0];
  for (const [name, files] of Object.entries(tests)) {
    if (files.length === 0) continue;
    const ended = await boot(kernel, initramfs, disk, boots[name] ?? "");
    if (ended === undefined) console.error("guest: the tests did not come to an end");
    const counts = ended?.counts ?? broke;
    passed += counts.passed;
    failed += counts.failed;
    code ||= ended?.code ?? 1;
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = code;
} finally {
  rmSync(disk, { force: true });
}

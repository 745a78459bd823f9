import { readTextFile } from "../files/files.ts";
import { AF_UNIX, SOCK_DGRAM } from "../kernel/linux.ts";
import { close, sendto, socket } from "../kernel/syscalls.ts";
import { unixAddress } from "../sockets/unix-address.ts";

/**
 * Tells the service manager that started this process how it is (sd_notify(3)). Without one, nothing happens; what cannot be
 * told is not told: it is no reason to fail.
 */
export class ServiceManager {
  readonly #address: Uint8Array | undefined;
  readonly #watchdogMs: number;
  #isReady = false;
  #watch: NodeJS.Timeout | undefined;

  /** Takes the variables out of `env`, so that no child speaks in this process's name. */
  constructor(env: Record<string, string | undefined>, pid = process.pid) {
    const { NOTIFY_SOCKET = "", WATCHDOG_USEC = "", WATCHDOG_PID = "" } = env;
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete env[name];
    this.#address = /^[/@]./.test(NOTIFY_SOCKET) ? unixAddress(NOTIFY_SOCKET) : undefined;
    const forUs = WATCHDOG_PID === "" || Number(WATCHDOG_PID) === pid;
    this.#watchdogMs = forUs && /^\d{1,15}$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) / 1000 : 0;
  }

  /** Serving; the watchdog is fed from now on for as long as this thread's loop turns. */
  ready(status: string): void {
    this.#isReady = true;
    this.#tell(() => `READY=1\nSTATUS=${status}`);
    if (this.#watchdogMs === 0 || this.#watch !== undefined) return;
    // sd_watchdog_enabled(3): every half of the time.
    this.#watch = setInterval(() => this.#tell(() => "WATCHDOG=1"), this.#watchdogMs / 2).unref();
  }

  /** Read the configuration anew with `reload`, and tell the beginning and the end of it once this process is ready. */
  reloading(reload: () => void): void {
    if (this.#isReady) this.#tell(() => `RELOADING=1\nMONOTONIC_USEC=${monotonicMicroseconds()}`);
    reload();
    if (this.#isReady) this.#tell(() => "READY=1");
  }

  stopping(): void {
    clearInterval(this.#watch);
    this.#tell(() => "STOPPING=1\nSTATUS=Stopping containers");
  }

  #tell(message: () => string): void {
    if (this.#address === undefined) return;
    let fd: number | undefined;
    try {
      fd = socket(AF_UNIX, SOCK_DGRAM, 0);
      sendto(fd, new TextEncoder().encode(message()), 0, this.#address);
    } catch {
      // See above.
    } finally {
      if (fd !== undefined) close(fd);
    }
  }
}

/** CLOCK_MONOTONIC, which the runtime's own clocks do not show. proc_timer_list(5); root only. */
function monotonicMicroseconds(): bigint {
  const now = /^now at (\d+) nsecs$/m.exec(readTextFile("/proc/timer_list", 16 << 20))?.[1];
  if (now === undefined) throw new Error("no time in /proc/timer_list");
  return BigInt(now) / 1000n;
}

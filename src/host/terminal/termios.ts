import { ioctlBuffer, raw } from "#host/kernel/syscalls.ts";

/**
 * Terminal modes by ioctl (termios(3), ioctl_tty(2)). The structure is the kernel's `struct termios` of x86 and
 * arm64: four 32-bit flag words, the line discipline, 19 control characters.
 */
const TCGETS = 0x5401;
const TCSETSF = 0x5404;
const TCSETSW = 0x5403;
const TERMIOS_BYTES = 60; // glibc's is larger than the kernel's 36; room for both

const INPUT_FLAGS = 0;
const OUTPUT_FLAGS = 4;
const CONTROL_FLAGS = 8;
const LOCAL_FLAGS = 12;
const CONTROL_CHARACTERS = 17;
const VTIME = CONTROL_CHARACTERS + 5;
const VMIN = CONTROL_CHARACTERS + 6;

const IGNBRK_BRKINT_PARMRK_ISTRIP_INLCR_IGNCR_ICRNL_IXON = 0o1 | 0o2 | 0o10 | 0o40 | 0o100 | 0o200 | 0o400 | 0o2000;
const OPOST = 0o1;
const CSIZE_PARENB = 0o60 | 0o400;
const CS8 = 0o60;
const ISIG = 0o1;
const ICANON = 0o2;
const ECHO = 0o10;
const ECHONL = 0o100;
const IEXTEN = 0o100000;

/** The terminal's settings, to be put back later; `undefined` when `fd` is no terminal. */
export function terminalSettings(fd: number): Uint8Array | undefined {
  const settings = new Uint8Array(TERMIOS_BYTES);
  return raw("ioctl_buffer", fd, TCGETS, settings) < 0 ? undefined : settings;
}

/** Every byte passes as it is, in both directions, and no key is a signal (cfmakeraw of termios(3)). */
export function setRaw(fd: number, before: Uint8Array): void {
  const settings = before.slice();
  const view = new DataView(settings.buffer);
  clear(view, INPUT_FLAGS, IGNBRK_BRKINT_PARMRK_ISTRIP_INLCR_IGNCR_ICRNL_IXON);
  clear(view, OUTPUT_FLAGS, OPOST);
  clear(view, LOCAL_FLAGS, ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  clear(view, CONTROL_FLAGS, CSIZE_PARENB);
  view.setUint32(CONTROL_FLAGS, view.getUint32(CONTROL_FLAGS, true) | CS8, true);
  settings[VMIN] = 1;
  settings[VTIME] = 0;
  ioctlBuffer(fd, TCSETSW, settings);
}

/** Keys come one by one and are not shown; those that are signals still are, and output is as it was. */
export function setKeyByKey(fd: number, before: Uint8Array): void {
  const settings = before.slice();
  clear(new DataView(settings.buffer), LOCAL_FLAGS, ECHO | ICANON);
  settings[VMIN] = 1;
  settings[VTIME] = 0;
  ioctlBuffer(fd, TCSETSW, settings);
}

/** Typed characters are no longer shown, except the newline. */
export function setSilent(fd: number, before: Uint8Array): void {
  const silent = before.slice();
  const view = new DataView(silent.buffer);
  clear(view, LOCAL_FLAGS, ECHO);
  view.setUint32(LOCAL_FLAGS, view.getUint32(LOCAL_FLAGS, true) | ECHONL, true);
  ioctlBuffer(fd, TCSETSF, silent);
}

export function restore(fd: number, settings: Uint8Array): void {
  ioctlBuffer(fd, TCSETSW, settings);
}

function clear(view: DataView, word: number, bits: number): void {
  view.setUint32(word, view.getUint32(word, true) & ~bits, true);
}

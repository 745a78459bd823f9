import { statfs } from "#host/kernel/syscalls.ts";

/** Prints the size of a block of the root file system: the addon was loaded and works. */
console.log(statfs("/").blockSize);

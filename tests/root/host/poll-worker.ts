import { AF_UNIX, EPOLLIN, SOCK_DGRAM } from "#host/kernel/linux.ts";
import { Poller } from "#host/sockets/poller.ts";
import { close, socket } from "#host/kernel/syscalls.ts";

/** A thread with a poller of its own, which waits until it is told to finish or is terminated. */
const poller = new Poller();
const fd = socket(AF_UNIX, SOCK_DGRAM, 0);
poller.watch(fd, EPOLLIN, () => {});
addEventListener("message", () => {
  poller.close();
  close(fd);
  process.exit(0);
});
postMessage("ready");

import { expect, test } from "bun:test";
import { parseCpuTime } from "./cpu-time.ts";
import { parseInterfaceCounters } from "./interface-counters.ts";

test("/proc/net/dev, also where a long name touches the first counter", () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
longname0123456:1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
`;
  const counters = parseInterfaceCounters(text);
  expect([...counters.keys()]).toEqual(["lo", "longname0123456"]);
  expect(counters.get("longname0123456")).toEqual({
    rxBytes: 1,
    rxPackets: 2,
    rxErrors: 3,
    rxDropped: 4,
    txBytes: 5,
    txPackets: 6,
    txErrors: 7,
    txDropped: 8,
  });
});

test("/proc/stat: seven counters of all CPUs, and how many there are", () => {
  const text = "cpu  10 1 20 300 4 5 6 99 0 0\ncpu0 5 0 10 150 2 2 3 50 0 0\ncpu1 5 1 10 150 2 3 3 49 0 0\nintr 5 0\n";
  expect(parseCpuTime(text)).toEqual({ totalNs: 346 * 1e7, onlineCpus: 2 });
});

import { expect, test } from "bun:test";
import { valueBefore } from "./undo-journal.ts";

test("the value before a write, in the form the kernel takes it back", () => {
  expect(valueBefore("memory.limit_in_bytes", "9223372036854771712", "1")).toBe("9223372036854771712");
  expect(valueBefore("cpu.max", "max 100000", "50000 100000")).toBe("max 100000");
  expect(valueBefore("cpuset.cpus", "", "0")).toBe("\n");
  expect(valueBefore("memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 0", "0")).toBe("1");
  const throttle = "blkio.throttle.read_bps_device";
  expect(valueBefore(throttle, "8:0 1024\n8:16 2048", "8:16 5")).toBe("8:16 2048");
  expect(valueBefore(throttle, "", "8:16 5")).toBe("8:16 0");
  expect(valueBefore("io.max", "8:0 rbps=1 wbps=max riops=max wiops=max", "8:0 rbps=5")).toBe(
    "8:0 rbps=1 wbps=max riops=max wiops=max",
  );
  expect(valueBefore("io.max", "", "8:0 rbps=5")).toBe("8:0 rbps=max wbps=max riops=max wiops=max");
  expect(valueBefore("io.weight", "default 100", "default 50")).toBe("default 100");
});

/** Tests that runc may pass and berth-runtime fail, on purpose or by chance, each with its reason. */
export const deliberate: Readonly<Record<string, string>> = {
  linux_ns_itype:
    "a container without a mount namespace is refused: its mounts would be the caller's, and stay there (as runc's do)",
  mounts:
    "the test reads the order of mounting out of /proc/self/mountinfo, which newer kernels sort by mount id; binds get their id when their source is opened, before the filesystems in between are made",
  pidfile:
    "the test kills a container of `true`, and fails with either runtime when that has ended before it is looked at",
};

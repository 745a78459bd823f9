/** Tests that runc passes and berth-runtime fails on purpose, each with its reason. */
export const deliberate: Readonly<Record<string, string>> = {
  linux_ns_itype:
    "a container without a mount namespace is refused: its mounts would be the caller's, and stay there (as runc's do)",
  mounts:
    "the test reads the order of mounting out of /proc/self/mountinfo, which newer kernels sort by mount id; binds get their id when their source is opened, before the filesystems in between are made",
};

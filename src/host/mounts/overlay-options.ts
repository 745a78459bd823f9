/**
 * Mount options of every writable overlay, whatever the kernel was built or told to do by itself: the upper directory
 * alone says what was changed, as `commit` and `diff` read it (a renamed directory is a copy, a changed mode brings the
 * data up), and the same directories may be mounted again. See the kernel's filesystems/overlayfs.rst.
 */
export const overlayOptions: readonly string[] = ["redirect_dir=off", "metacopy=off", "index=off"];

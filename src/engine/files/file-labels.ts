/** SELinux labels of the host's files. File systems that keep none are left as they are. */
export interface FileLabels {
  set(path: string, label: string): void;
  /**
   * Of all that is at and below a path, the path itself last; links in it are followed, those below it never. `internal` in
   * Docker's words for what is the whole machine's.
   */
  relabel(path: string, label: string): Promise<void>;
}

/** docker-compat: how Go's multierror of Docker's prints: one alone, several as a list. */
export function listFaults(faults: readonly string[]): string {
  return faults.length === 1 ? (faults[0] ?? "") : faults.map((fault) => `* ${fault}`).join("\n");
}

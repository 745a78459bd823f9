/**
 * What to undo when a multi-step act fails half-way, in reverse order. Undoing continues past a step that throws; the
 * first such error is thrown at the end.
 */
export class Rollback {
  readonly #steps: (() => Promise<void> | void)[] = [];

  /** Remember how to undo what was just done. */
  add(undo: () => Promise<void> | void): void {
    this.#steps.push(undo);
  }

  /** The act succeeded: forget everything. */
  commit(): void {
    this.#steps.length = 0;
  }

  async undo(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Run `act`; undo what it added when it throws, and throw its error. */
  static async run<T>(act: (rollback: Rollback) => Promise<T>): Promise<T> {
    const rollback = new Rollback();
    try {
      const result = await act(rollback);
      rollback.commit();
      return result;
    } catch (error) {
      await rollback.undo().catch(() => undefined);
      throw error;
    }
  }
}

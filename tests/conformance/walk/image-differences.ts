/** Words that docker 26.1 has otherwise than newer versions. */
export const formerWords: readonly (readonly [former: string, now: string])[] = [];

/** Where our answer is another on purpose: by row, and in it by the number of the step. */
export const differences: Readonly<Record<string, Readonly<Record<number, string>>>> = {};

/**
 * `until` of a request for events that has to tell what has happened by now, in Unix seconds: the end of the millisecond that
 * it is, for events have nanoseconds and `Date` has not.
 */
export const untilNow = (): string => String((Date.now() + 1) / 1000);

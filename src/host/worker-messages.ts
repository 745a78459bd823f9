/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Between a pool and its worker processes; `id` is the task's. */
export type ToWorker =
  | { readonly kind: "start"; readonly id: number; readonly task: string; readonly input: Json }
  | { readonly kind: "send"; readonly id: number; readonly message: Json }
  | { readonly kind: "abort"; readonly id: number };

export type FromWorker =
  | { readonly kind: "message"; readonly id: number; readonly message: Json }
  | { readonly kind: "result"; readonly id: number; readonly value: Json }
  | {
      readonly kind: "error";
      readonly id: number;
      readonly error: { readonly kind: string; readonly message: string; readonly hint?: string; readonly details: Json };
    };

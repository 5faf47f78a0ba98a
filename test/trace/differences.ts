import type { PermittedDifference } from "./script.ts";

/** What may differ wherever it comes up. */
export const GENERAL_DIFFERENCES: readonly PermittedDifference[] = [];

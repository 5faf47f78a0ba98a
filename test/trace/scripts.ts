import type { Script } from "./script.ts";
import { COPY } from "./scripts-copy.ts";
import { EXTENDED } from "./scripts-extended.ts";
import { IMPLICIT } from "./scripts-implicit.ts";
import { LIMITS } from "./scripts-limits.ts";
import { MALFORMED_MESSAGES } from "./scripts-malformed.ts";
import { PARAMETERS } from "./scripts-parameters.ts";
import { PIPELINE } from "./scripts-pipeline.ts";
import { PORTALS } from "./scripts-portals.ts";
import { PREPARE } from "./scripts-prepare.ts";
import { SIMPLE } from "./scripts-simple.ts";
import { TRANSACTIONS } from "./scripts-transactions.ts";

/** Every script of frontend messages; each is run over a connection of its own. */
export const SCRIPTS: readonly Script[] = [
  ...SIMPLE,
  ...TRANSACTIONS,
  ...IMPLICIT,
  ...EXTENDED,
  ...PIPELINE,
  ...PORTALS,
  ...PREPARE,
  ...PARAMETERS,
  ...COPY,
  ...LIMITS,
  ...MALFORMED_MESSAGES,
];

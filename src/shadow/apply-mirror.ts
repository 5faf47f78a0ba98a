import type { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import { ADMIN_ROLE, OWNER_ROLE } from "./base-catalog.ts";
import type { MirrorStep } from "./mirror.ts";
import { type Reply, readReply } from "./reply.ts";
import { simpleQuery, statementsRequest } from "./requests.ts";

/**
 * A change is one transaction; a very large one is several, because each relation takes locks that
 * are kept until the end. Nobody else uses the instance meanwhile, so nobody sees the difference.
 */
const STEPS_PER_TRANSACTION = 500;

const SAVEPOINT = "SAVEPOINT step";
const RELEASE = "RELEASE SAVEPOINT step";
const ROLLBACK = "ROLLBACK TO SAVEPOINT step";

/** The part of a ShadowProcess that this needs. */
export interface RoundTrips {
  roundTrip(messages: Buffer): Promise<Buffer>;
}

/** Brings the steps of a change into an instance. Only what PostgreSQL refuses is left out. */
export async function applyMirror(
  steps: readonly MirrorStep[],
  instance: RoundTrips,
  log: Logger,
): Promise<void> {
  if (steps.length === 0) return;
  // The last client's session may have changed how literals and names are read.
  await must(instance, `SET SESSION AUTHORIZATION ${ADMIN_ROLE}; RESET ALL`);
  for (let first = 0; first < steps.length; first += STEPS_PER_TRANSACTION) {
    await must(instance, "BEGIN");
    await applySteps(steps.slice(first, first + STEPS_PER_TRANSACTION), instance, log);
    await must(instance, "COMMIT");
  }
}

async function applySteps(
  steps: readonly MirrorStep[],
  instance: RoundTrips,
  log: Logger,
): Promise<void> {
  let role: MirrorStep["as"] = "admin";
  for (const step of steps) {
    if (step.as !== role) await must(instance, `SET LOCAL ROLE ${ROLES[step.as]}`);
    role = step.as;
    await applyStep(step, instance, log);
  }
}

const ROLES = { admin: ADMIN_ROLE, owner: OWNER_ROLE } as const;

async function applyStep(step: MirrorStep, instance: RoundTrips, log: Logger): Promise<void> {
  const { object } = step;
  for (const statements of [step.statements, ...step.alternatives]) {
    const refused = await attempt(statements, instance);
    if (refused === undefined) return;
    log.warn({ object, reason: refused.message }, "shadow refuses a part of the workspace");
  }
}

/** All of the statements, or none and PostgreSQL's reason. */
async function attempt(
  statements: readonly string[],
  instance: RoundTrips,
): Promise<PgError | undefined> {
  const reply = checked(
    await instance.roundTrip(statementsRequest([SAVEPOINT, ...statements, RELEASE])),
  );
  if (reply.outcome === "complete") return undefined;
  await must(instance, `${ROLLBACK}; ${RELEASE}`);
  return reply.error;
}

async function must(instance: RoundTrips, sql: string): Promise<void> {
  const reply = checked(await instance.roundTrip(simpleQuery(sql)));
  if (reply.outcome === "failed") throw new Error(`${sql} failed`, { cause: reply.error });
}

function checked(bytes: Buffer): Exclude<Reply, { outcome: "broken" }> {
  const reply = readReply(bytes, "execution");
  if (reply.outcome === "broken") throw new Error("the shadow lost its way while mirroring");
  return reply;
}

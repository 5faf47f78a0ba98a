import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { DialectEngine } from "./dialect-engine.ts";
import {
  type Outcome,
  outcomeOf,
  readProbes,
  readRecorded,
  writeRecorded,
} from "./dialect-probes.ts";

/**
 * What PostgreSQL answered to each probe, and what we do. dialect-recorded.tsv holds how near the
 * two are: a probe that got worse fails, and so does one that got better until it is recorded, with
 * UPDATE_DIALECT=1.
 */
const probes = readProbes();
let recorded = readRecorded();
const outcomes = new Map<string, Outcome>();

let engine: DialectEngine;
beforeAll(async () => {
  await loadParser();
  engine = await DialectEngine.open();
  for (const probe of probes) outcomes.set(probe.id, await outcomeOf(probe, engine));
  if (process.env["UPDATE_DIALECT"] !== undefined) {
    record();
    recorded = readRecorded();
  }
  console.info(totals());
});
afterAll(() => engine[Symbol.asyncDispose]());

describe("the dialect probes", () => {
  test.each(probes)("$id $sql", ({ id, postgres }) => {
    const { route, status, answer } = outcomes.get(id) ?? { route: "", status: "", answer: "" };
    const { reason: _, ...expected } = recorded.get(id) ?? { reason: "" };
    expect({ route, status }, `PostgreSQL: ${postgres}\nours: ${answer}`).toEqual(expected);
  });

  test("nothing differs in silence without a reason", () => {
    const silent = [...recorded].filter(
      ([, { status, reason }]) => (status === "differs" || status === "accepts") && reason === "",
    );
    expect(silent).toEqual([]);
  });
});

/** Keeps the reasons of probes whose status stays. */
function record(): void {
  writeRecorded(
    new Map(
      probes.map(({ id }) => {
        const { route = "", status = "" } = outcomes.get(id) ?? {};
        const before = recorded.get(id);
        return [id, { route, status, reason: before?.status === status ? before.reason : "" }];
      }),
    ),
  );
}

function totals(): string {
  const counts = new Map<string, number>();
  for (const { status } of outcomes.values()) counts.set(status, (counts.get(status) ?? 0) + 1);
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  return sorted.map(([status, count]) => `${count} ${status}`).join(", ");
}

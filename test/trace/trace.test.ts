import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresPrograms } from "../support/postgres.ts";
import { expectedOf } from "./expected.ts";
import { readRecording } from "./recording.ts";
import { SCRIPTS } from "./scripts.ts";
import { startOurs, startTheirs } from "./servers.ts";
import { traceOf } from "./trace-client.ts";

const recording = readRecording();

let ours: Awaited<ReturnType<typeof startOurs>>;

beforeAll(async () => {
  ours = await startOurs();
});

afterAll(async () => {
  await ours.gateway[Symbol.asyncDispose]();
});

test("every script has a name of its own and was recorded", () => {
  const names = SCRIPTS.map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(recording.traces)).toEqual(names);
});

test.each(SCRIPTS.map((script) => [script.name, script] as const))(
  "answers like PostgreSQL: %s",
  async (name, script) => {
    const recorded = recording.traces[name] ?? [];
    const expected = expectedOf(script, recorded);

    expect(expected.unused).toEqual([]);
    expect(await traceOf(script, ours.server, { asIn: expected.trace })).toEqual(expected.trace);
  },
);

const programs = postgresPrograms();
if (programs === undefined) {
  console.warn("PostgreSQL's server is not installed: the recorded traces are not verified");
}

test.skipIf(programs === undefined)(
  "PostgreSQL still answers what was recorded",
  async (context) => {
    const { server, postgres } = await startTheirs();
    await using _postgres = postgres;
    const major = (version: string): string => /\d+/.exec(version)?.[0] ?? "";
    if (major(postgres.version) !== major(recording.version)) {
      context.skip(`recorded with ${recording.version}, installed is ${postgres.version}`);
    }
    for (const script of SCRIPTS) {
      const recorded = recording.traces[script.name] ?? [];
      expect(await traceOf(script, server, { asIn: recorded }), script.name).toEqual(recorded);
    }
  },
);

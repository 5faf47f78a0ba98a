import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresPrograms } from "../support/postgres.ts";
import { expectedOf, stalePermissions, withoutMoreHints } from "./expected.ts";
import { readRecording } from "./recording.ts";
import { SCRIPTS } from "./scripts.ts";
import { startOurs, startTheirs } from "./servers.ts";
import { type Trace, tracesOf } from "./trace-client.ts";

const recording = readRecording();
const recordedOf = (name: string): Trace => recording.traces[name] ?? [];

let ours: ReadonlyMap<string, Trace>;
let stop: () => Promise<void>;

beforeAll(async () => {
  const { server, gateway } = await startOurs();
  stop = async () => await gateway[Symbol.asyncDispose]();
  ours = await tracesOf(SCRIPTS, server, ({ name }) => expectedOf(name, recordedOf(name)));
}, 300_000);

afterAll(async () => {
  await stop();
});

test("every script has a name of its own and was recorded", () => {
  const names = SCRIPTS.map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(recording.traces)).toEqual(names);
});

test("every permitted difference is one from something that PostgreSQL answers", () => {
  expect(stalePermissions(recording.traces)).toEqual([]);
});

test.each(SCRIPTS.map(({ name }) => name))("answers like PostgreSQL: %s", (name) => {
  const recorded = recordedOf(name);
  const expected = expectedOf(name, recorded);
  const trace = ours.get(name) ?? [];
  if (isDeepStrictEqual(withoutMoreHints(trace, recorded), recorded)) return;

  expect(withoutMoreHints(trace, expected)).toEqual(expected);
});

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
      console.warn(`recorded with ${recording.version}, installed is ${postgres.version}`);
      context.skip();
    }

    const theirs = await tracesOf(SCRIPTS, server, ({ name }) => recordedOf(name));

    expect(Object.fromEntries(theirs)).toEqual(recording.traces);
  },
  300_000,
);

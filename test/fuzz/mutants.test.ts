import { expect, test } from "vitest";
import { readAsServer } from "./codec-case.ts";
import { conversations, OPENINGS } from "./corpus.ts";
import { startFuzzGateway } from "./fuzz-gateway.ts";
import { type LiveFinding, runLive } from "./live-cases.ts";
import { mutated } from "./mutate.ts";
import { Random } from "./random.ts";

/** One that is always the same, and one that is new; FUZZ_SEED repeats it. */
const SEEDS = [1, Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31))];

const CODEC_CASES = 20_000;
const LIVE_CASES = 150;

test.each(SEEDS)("mutants of conversations are read or refused: FUZZ_SEED=%i", (seed) => {
  const corpus = conversations();
  let slowestMs = 0;

  for (let index = 0; index < CODEC_CASES; index += 1) {
    const random = new Random(seed + index);
    const from = random.chance(0.2) ? "startup" : "login";
    const all = from === "startup" ? OPENINGS : corpus;
    const messages = mutated(random.pick(all), random, all);
    const since = performance.now();
    readAsServer(messages, from, random);
    slowestMs = Math.max(slowestMs, performance.now() - since);
  }

  expect(slowestMs).toBeLessThan(2_000);
});

test("a gateway outlives mutants of conversations, and answers others meanwhile", async () => {
  await using gateway = await startFuzzGateway();
  const { port } = gateway;
  const findings: LiveFinding[] = [];
  const found = (finding: LiveFinding): void => void findings.push(finding);
  const before = gateway.resources();

  for (const seed of SEEDS) {
    console.log(`live: FUZZ_SEED=${seed}`);
    await runLive({ port, seed, cases: LIVE_CASES, concurrent: 8, found });
  }

  const after = gateway.resources();
  expect(findings).toEqual([]);
  expect(gateway.process.child.exitCode).toBeNull();
  expect(gateway.neighbour.failure).toBeUndefined();
  expect(gateway.neighbour.answers).toBeGreaterThan(0);
  expect(after.rssMb - before.rssMb).toBeLessThan(200);
  expect(after.files - before.files).toBeLessThan(50);
});

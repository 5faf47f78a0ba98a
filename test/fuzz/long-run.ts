/**
 * The long run: `npx tsx test/fuzz/long-run.ts --cases 1000000 --live 100000 --seed 1`. It starts a
 * gateway from dist (`npm run build`), and prints what it has found and how fast it was.
 */
import { parseArgs } from "node:util";
import { PgError } from "../../src/core/pg-error.ts";
import { readAsServer } from "./codec-case.ts";
import { type Conversation, conversations, OPENINGS } from "./corpus.ts";
import { startFuzzGateway } from "./fuzz-gateway.ts";
import { type LiveFinding, runLive } from "./live-cases.ts";
import { mutated } from "./mutate.ts";
import { Random } from "./random.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    live: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    minutes: { type: "string", default: "30" },
  },
});
const seed = Number(values.seed);
const cases = Number(values.cases);
const live = Number(values.live);
console.log(`seed ${seed}: ${cases} cases, ${live} of them live`);
if (cases > live) codec(cases - live);
if (live > 0) await overSockets(live);

function codec(count: number): void {
  const corpus = conversations();
  const startedAt = performance.now();
  let slowestMs = 0;
  let findings = 0;
  for (let index = 0; index < count; index += 1) {
    const random = new Random(seed + index);
    const from = random.chance(0.2) ? "startup" : "login";
    const all = from === "startup" ? OPENINGS : corpus;
    const messages = mutated(random.pick(all), random, all);
    const since = performance.now();
    try {
      readAsServer(messages, from, random);
    } catch (error) {
      findings += 1;
      if (findings <= 10)
        console.log(`codec seed ${seed + index}: ${shown(error)}\n${hex(messages)}`);
    }
    slowestMs = Math.max(slowestMs, performance.now() - since);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    `codec: ${count} cases in ${seconds.toFixed(0)} s (${Math.round(count / seconds)}/s), ` +
      `the slowest ${slowestMs.toFixed(0)} ms, ${findings} findings`,
  );
}

async function overSockets(count: number): Promise<void> {
  await using gateway = await startFuzzGateway();
  const findings: LiveFinding[] = [];
  const startedAt = performance.now();
  const deadline = startedAt + Number(values.minutes) * 60_000;
  const { port } = gateway;
  const portion = 1_000;
  // What the first cases load stays.
  await runLive({
    port,
    seed: seed + count,
    cases: portion,
    concurrent: 12,
    found: () => undefined,
  });
  const before = gateway.resources();
  let done = 0;
  while (done < count && performance.now() < deadline) {
    const size = Math.min(portion, count - done);
    await runLive({
      port,
      seed: seed + done,
      cases: size,
      concurrent: 12,
      found: (finding) => {
        findings.push(finding);
        console.log(
          `${finding.phase}, seed ${finding.seed}: ${finding.what}\n${hex(finding.messages)}`,
        );
      },
    });
    done += size;
    if (done % 10_000 === 0) {
      const rate = done / ((performance.now() - startedAt) / 1_000);
      console.log(`${done} live, ${Math.round(rate)}/s, ${JSON.stringify(gateway.resources())}`);
    }
    if (gateway.process.child.exitCode !== null) break;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const { neighbour } = gateway;
  console.log(
    `live: ${done} cases in ${seconds.toFixed(0)} s (${Math.round(done / seconds)}/s), ` +
      `${findings.length} findings; before ${JSON.stringify(before)}, ` +
      `after ${JSON.stringify(gateway.resources())}; the neighbour had ${neighbour.answers} answers, ` +
      `the slowest in ${neighbour.longestMs.toFixed(0)} ms, ${neighbour.failure ?? "and no failure"}`,
  );
  const bugs = gateway.process
    .log()
    .split("\n")
    .filter((line) => /"level":"?(error|fatal|50|60)/.test(line));
  for (const line of new Set(bugs.map((bug) => bug.slice(0, 800)).slice(0, 10))) console.log(line);
}

function hex(messages: Conversation): string {
  return messages
    .map((message) => JSON.stringify(message.toString("latin1").slice(0, 300)))
    .join("\n");
}

function shown(error: unknown): string {
  return error instanceof PgError
    ? error.message
    : String(error instanceof Error ? error.stack : error);
}

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../src/core/limits.ts";
import { METRICS, Metrics, reportEventLoopDelay } from "../../../src/observe/metrics.ts";

function linesOf(metrics: Metrics, start: string): readonly string[] {
  return metrics
    .exposition()
    .split("\n")
    .filter((line) => line.startsWith(start));
}

describe("the table", () => {
  test.each(Object.entries(METRICS))("%s is named and described by the rules", (name, metric) => {
    expect(name).toMatch(/^bucketgres_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith("_total")).toBe(metric.kind === "counter");
    expect(metric.help).toMatch(/^[A-Z].*\.$/);
    for (const label of metric.labels) expect(label).toMatch(/^[a-z]+(_[a-z]+)*$/);
    const buckets: readonly number[] = "buckets" in metric ? metric.buckets : [];
    expect(buckets.length > 0).toBe(metric.kind === "histogram");
    expect(buckets.toSorted((a, b) => a - b)).toEqual(buckets);
  });
});

test("every metric has its HELP and TYPE, and the text ends in a line feed", () => {
  const text = new Metrics().exposition();

  for (const [name, { kind, help }] of Object.entries(METRICS)) {
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`);
  }
  expect(text.endsWith("\n")).toBe(true);
});

test("what has no labels starts at 0", () => {
  expect(linesOf(new Metrics(), "bucketgres_engine_restarts_total")).toEqual([
    "bucketgres_engine_restarts_total 0",
  ]);
});

test("a counter adds up per label set, a gauge keeps the last value", () => {
  const metrics = new Metrics();
  metrics.add("bucketgres_statements_total", { workspace: "acme", sqlstate_class: "00" });
  metrics.add("bucketgres_statements_total", { workspace: "acme", sqlstate_class: "00" }, 2);
  metrics.add("bucketgres_statements_total", { workspace: "acme", sqlstate_class: "42" });
  metrics.set("bucketgres_connections", {}, 5);
  metrics.set("bucketgres_connections", {}, 4);

  expect(linesOf(metrics, "bucketgres_statements_total")).toEqual([
    'bucketgres_statements_total{workspace="acme",sqlstate_class="00"} 3',
    'bucketgres_statements_total{workspace="acme",sqlstate_class="42"} 1',
  ]);
  expect(linesOf(metrics, "bucketgres_connections ")).toEqual(["bucketgres_connections 4"]);
});

test("a histogram counts cumulatively, bounds included, and knows sum and count", () => {
  const metrics = new Metrics();
  for (const seconds of [0.001, 0.002, 7, 1000]) {
    metrics.observe("bucketgres_statement_seconds", { workspace: "acme" }, seconds);
  }

  const lines = linesOf(metrics, "bucketgres_statement_seconds");

  expect(lines).toContain('bucketgres_statement_seconds_bucket{workspace="acme",le="0.001"} 1');
  expect(lines).toContain('bucketgres_statement_seconds_bucket{workspace="acme",le="0.005"} 2');
  expect(lines).toContain('bucketgres_statement_seconds_bucket{workspace="acme",le="5"} 2');
  expect(lines).toContain('bucketgres_statement_seconds_bucket{workspace="acme",le="10"} 3');
  expect(lines.slice(-3)).toEqual([
    'bucketgres_statement_seconds_bucket{workspace="acme",le="+Inf"} 4',
    'bucketgres_statement_seconds_sum{workspace="acme"} 1007.003',
    'bucketgres_statement_seconds_count{workspace="acme"} 4',
  ]);
});

test("any workspace name survives the exposition", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "{", "é", " ") }),
      (name) => {
        const metrics = new Metrics();
        metrics.add("bucketgres_rows_sent_total", { workspace: name });
        const [line = ""] = linesOf(metrics, "bucketgres_rows_sent_total");
        // JSON escapes these three characters in the same way.
        const [, value] = /^[a-z_]+\{workspace=(".*")\} 1$/.exec(line) ?? [];
        expect(JSON.parse(value ?? "null")).toBe(name);
      },
    ),
  );
});

test("label sets beyond the bound are counted together", () => {
  const metrics = new Metrics();
  for (let index = 0; index < LIMITS.metricSeries + 5; index += 1) {
    metrics.add("bucketgres_rows_sent_total", { workspace: `w${index}` });
  }

  const lines = linesOf(metrics, "bucketgres_rows_sent_total");

  expect(lines).toHaveLength(LIMITS.metricSeries + 1);
  expect(lines.at(-1)).toBe('bucketgres_rows_sent_total{workspace="_other"} 5');
});

test("collectors run at each exposition", () => {
  const metrics = new Metrics();
  let open = 1;
  metrics.collect(() => metrics.set("bucketgres_connections", {}, open));

  expect(linesOf(metrics, "bucketgres_connections ")).toEqual(["bucketgres_connections 1"]);
  open = 2;
  expect(linesOf(metrics, "bucketgres_connections ")).toEqual(["bucketgres_connections 2"]);
});

function blockEventLoop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("a blocked event loop is reported, in seconds, and then forgotten", async () => {
  const metrics = new Metrics();
  using _ = reportEventLoopDelay(metrics);
  const delaySeconds = () =>
    Number(linesOf(metrics, "bucketgres_event_loop_delay_seconds ")[0]?.split(" ")[1]);

  let turn = 0;
  await expect
    .poll(() => {
      turn += 1;
      // Blocked in one turn and asked in the next: between them the monitor notices.
      if (turn % 2 === 0) return delaySeconds();
      blockEventLoop(100);
      return 0;
    })
    .toBeGreaterThan(0.05);
  await expect.poll(delaySeconds).toBeLessThan(0.05);
});

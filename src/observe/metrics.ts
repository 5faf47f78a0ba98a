import { monitorEventLoopDelay } from "node:perf_hooks";
import { LIMITS } from "../core/limits.ts";

interface MetricDefinition {
  readonly kind: "counter" | "gauge" | "histogram";
  /** One line for Prometheus' HELP and for the docs. */
  readonly help: string;
  /** Only what has few values: a workspace of the catalog, an SQLSTATE class, never a query. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending; `+Inf` follows by itself. */
  readonly buckets?: readonly number[];
}

/** Every metric there is. */
export const METRICS = {
  bucketgres_connections: {
    kind: "gauge",
    help: "Client connections that are open now.",
    labels: [],
  },
  bucketgres_connections_total: {
    kind: "counter",
    help: "Client connections by how they began: accepted, rejected (a limit), failed (no login).",
    labels: ["outcome"],
  },
  bucketgres_auth_failures_total: {
    kind: "counter",
    help: "Refused logins by reason: password, certificate, throttled, protocol, timeout, tls.",
    labels: ["reason"],
  },
  bucketgres_statements_total: {
    kind: "counter",
    help: "Statements that ended, by workspace and SQLSTATE class (00 is success).",
    labels: ["workspace", "sqlstate_class"],
  },
  bucketgres_statement_seconds: {
    kind: "histogram",
    help: "Time from a statement's start to its last byte handed to the socket.",
    labels: ["workspace"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300],
  },
  bucketgres_rows_sent_total: {
    kind: "counter",
    help: "Rows sent to clients.",
    labels: ["workspace"],
  },
  bucketgres_sent_bytes_total: {
    kind: "counter",
    help: "Bytes of results sent to clients.",
    labels: ["workspace"],
  },
  bucketgres_cancel_requests_total: {
    kind: "counter",
    help: "Cancel requests by outcome: matched (a statement was interrupted), idle, unknown (key).",
    labels: ["outcome"],
  },
  bucketgres_table_loads_total: {
    kind: "counter",
    help: "Looks at a table's source by outcome: loaded, unchanged, failed.",
    labels: ["workspace", "outcome"],
  },
  bucketgres_table_load_seconds: {
    kind: "histogram",
    help: "Time to download and convert a new version of a table.",
    labels: ["workspace"],
    buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800],
  },
  bucketgres_engine_restarts_total: {
    kind: "counter",
    help: "Engine processes that ended unasked and were started again.",
    labels: [],
  },
  bucketgres_event_loop_delay_seconds: {
    kind: "gauge",
    help: "Longest delay of the gateway's event loop since the last scrape.",
    labels: [],
  },
} as const satisfies Readonly<Record<`bucketgres_${string}`, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
type Named<Kind> = {
  [N in MetricName]: (typeof METRICS)[N]["kind"] extends Kind ? N : never;
}[MetricName];
type LabelName<N extends MetricName> = (typeof METRICS)[N]["labels"][number];
/** Exactly the labels that the table names; `{}` where it names none. */
export type LabelsOf<N extends MetricName> = Readonly<
  [LabelName<N>] extends [never] ? Record<string, never> : Record<LabelName<N>, string>
>;

/** The value of every label of the series that stands for all beyond the bound. */
const OVERFLOW = "_other";

interface Series {
  readonly labels: string;
  value: number;
  /** Of a histogram: how many observations fell into each bucket, `+Inf` last; else empty. */
  readonly counts: number[];
}

/** The current values of all METRICS, and their Prometheus text. */
export class Metrics {
  readonly #series = new Map<MetricName, Map<string, Series>>();
  readonly #collectors: (() => void)[] = [];

  constructor() {
    // A counter that starts to exist with its first event hides that event from rate().
    for (const name of Object.keys(METRICS).filter(isMetric)) {
      this.#series.set(name, new Map());
      if (METRICS[name].labels.length === 0) this.#at(name, {});
    }
  }

  add<N extends Named<"counter">>(name: N, labels: LabelsOf<N>, by = 1): void {
    this.#at(name, labels).value += by;
  }

  set<N extends Named<"gauge">>(name: N, labels: LabelsOf<N>, to: number): void {
    this.#at(name, labels).value = to;
  }

  observe<N extends Named<"histogram">>(name: N, labels: LabelsOf<N>, value: number): void {
    const { buckets }: { readonly buckets: readonly number[] } = METRICS[name];
    const series = this.#at(name, labels);
    const found = buckets.findIndex((bound) => value <= bound);
    const bucket = found === -1 ? buckets.length : found;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.value += value;
  }

  /** Runs before every exposition: for gauges that are cheaper to ask than to keep. */
  collect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  /** Prometheus text exposition format, version 0.0.4. */
  exposition(): string {
    for (const collector of this.#collectors) collector();
    const lines: string[] = [];
    for (const [name, series] of this.#series) {
      const { kind, help }: MetricDefinition = METRICS[name];
      lines.push(`# HELP ${name} ${escaped(help, /[\\\n]/g)}`, `# TYPE ${name} ${kind}`);
      for (const one of series.values()) lines.push(...samples(name, one));
    }
    return `${lines.join("\n")}\n`;
  }

  #at(name: MetricName, labels: Readonly<Record<string, string>>): Series {
    const all = this.#series.get(name) ?? new Map<string, Series>();
    const text = labelText(name, (label) => labels[label] ?? "");
    const known = all.get(text);
    if (known !== undefined) return known;
    if (all.size >= LIMITS.metricSeries) {
      const overflow = labelText(name, () => OVERFLOW);
      return all.get(overflow) ?? added(all, name, overflow);
    }
    return added(all, name, text);
  }
}

/**
 * Reports how long the event loop stood still. Every session of the gateway waits while it does.
 */
export function reportEventLoopDelay(metrics: Metrics): Disposable {
  const resolutionMs = 10;
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  metrics.collect(() => {
    // In nanoseconds, and what it measures includes the interval at which it looks.
    const delayMs = Math.max(0, histogram.max / 1e6 - resolutionMs);
    metrics.set("bucketgres_event_loop_delay_seconds", {}, delayMs / 1000);
    histogram.reset();
  });
  return { [Symbol.dispose]: () => void histogram.disable() };
}

/** The content type that goes with `exposition()`. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

function added(all: Map<string, Series>, name: MetricName, labels: string): Series {
  const { buckets }: MetricDefinition = METRICS[name];
  const counts = buckets === undefined ? [] : Array<number>(buckets.length + 1).fill(0);
  const series = { labels, value: 0, counts };
  all.set(labels, series);
  return series;
}

function samples(name: MetricName, { labels, value, counts }: Series): readonly string[] {
  const { buckets }: MetricDefinition = METRICS[name];
  if (buckets === undefined) return [`${name}${braced(labels)} ${value}`];
  let sum = 0;
  const cumulative = counts.map((count, index) => {
    sum += count;
    const bound = `le="${buckets[index] ?? "+Inf"}"`;
    return `${name}_bucket${braced(labels, bound)} ${sum}`;
  });
  const total = [`${name}_sum${braced(labels)} ${value}`, `${name}_count${braced(labels)} ${sum}`];
  return [...cumulative, ...total];
}

function labelText(name: MetricName, valueOf: (label: string) => string): string {
  const { labels }: MetricDefinition = METRICS[name];
  return labels.map((label) => `${label}="${escaped(valueOf(label), /[\\\n"]/g)}"`).join(",");
}

function braced(...labels: readonly string[]): string {
  const text = labels.filter((label) => label !== "").join(",");
  return text === "" ? "" : `{${text}}`;
}

function escaped(text: string, special: RegExp): string {
  return text.replace(special, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}

function isMetric(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

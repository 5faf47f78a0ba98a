import { readdirSync, readFileSync } from "node:fs";

/** In ms, with what it resolved to. */
export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const startedAt = performance.now();
  const value = await work();
  return { ms: performance.now() - startedAt, value };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The child of a process whose command line holds the text. */
export function childOf(processId: number, text: string): number {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(
        readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ")[1],
      );
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      if (parent === processId && command.includes(text)) return Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`process ${processId} has no child with "${text}"`);
}

/** The most memory that the process has held at a time, in MB (VmHWM, proc(5)). */
export function peakMegabytes(processId: number): number {
  const status = readFileSync(`/proc/${processId}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** What it has used of all processors together since its start (proc(5)). */
export function processorSeconds(processId: number): number {
  const fields = readFileSync(`/proc/${processId}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

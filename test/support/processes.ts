import { readFileSync } from "node:fs";

/** VmRSS of /proc/PID/status. */
export function residentKb(processId: number): number {
  const status = readFileSync(`/proc/${processId}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

/** utime and stime of /proc/PID/stat, which stand behind the name in brackets: 100 a second. */
export function processorTicks(processId: number): number {
  const fields = readFileSync(`/proc/${processId}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";

interface MachineMemory {
  /** Where /proc and /sys are. */
  readonly root?: string;
  readonly totalBytes?: number;
}

/**
 * The memory this process may use: the container's limit (cgroup v2 or v1, the lowest on the way up
 * from its own group), or the machine's memory where that is less or there is no limit.
 */
export function memoryLimitBytes(machine: MachineMemory = {}): number {
  const { root = "/", totalBytes = totalmem() } = machine;
  const groups = readText(join(root, "proc/self/cgroup")) ?? "";
  const limits = groups.split("\n").flatMap((line) => {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    // Version 2 has one hierarchy, without names of controllers.
    if (line.startsWith("0::"))
      return limitsUpFrom(join(root, "sys/fs/cgroup"), path, "memory.max");
    return controllers.split(",").includes("memory")
      ? limitsUpFrom(join(root, "sys/fs/cgroup/memory"), path, "memory.limit_in_bytes")
      : [];
  });
  return Math.min(totalBytes, ...limits);
}

/** A container often sees its own group as the root of the tree, so missing folders are passed by. */
function limitsUpFrom(tree: string, path: string, file: string): number[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  const limits: number[] = [];
  for (let depth = parts.length; depth >= 0; depth--) {
    const text = readText(join(tree, ...parts.slice(0, depth), file))?.trim() ?? "";
    // "max" is none.
    if (/^\d+$/.test(text) && Number(text) > 0) limits.push(Number(text));
  }
  return limits;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Not Linux, or another kind of cgroup: there is no such limit.
    return undefined;
  }
}

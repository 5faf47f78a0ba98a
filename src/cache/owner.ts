/**
 * Who has made a file or folder in a cache that several gateways share, as a name, and whether that
 * process still lives.
 */
import { createHash, randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

const SEPARATOR = "~";

/**
 * `host~place~pid~start~id`. The place is a boot of the machine and a space of process numbers in it:
 * the same number means another process in another container, and after a restart of the machine.
 */
export function ownerName(id: string = randomUUID()): string {
  return [hostname(), place(), process.pid, startOf(process.pid) ?? "", id].join(SEPARATOR);
}

export function isOwnerName(name: string): boolean {
  return name.split(SEPARATOR).length === 5;
}

/** Process numbers of another place say nothing here: whether those owners live is unknown. */
export function ownerState(name: string): "alive" | "gone" | "unknown" {
  const [, ownersPlace, pid, start] = name.split(SEPARATOR);
  if (!isOwnerName(name) || ownersPlace !== place()) return "unknown";
  if (!isAlive(Number(pid))) return "gone";
  const now = startOf(Number(pid));
  // The system has given the number to another process.
  return now !== undefined && now !== start ? "gone" : "alive";
}

function place(): string {
  const facts = [hostname()];
  try {
    facts.push(readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
    facts.push(readlinkSync("/proc/self/ns/pid"));
  } catch {
    // Not Linux: the host alone has to do.
  }
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 12);
}

/** When the process was started, in ticks since the boot (proc(5)); undefined where nobody says. */
function startOf(pid: number): string | undefined {
  try {
    // The name in brackets, which comes before, may hold anything.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

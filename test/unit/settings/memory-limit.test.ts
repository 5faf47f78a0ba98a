import { expect, test } from "vitest";
import { memoryLimitBytes } from "../../../src/settings/memory-limit.ts";
import { TemporaryFolder } from "./marked-text.ts";

const GB = 1024 ** 3;

function limit(files: Record<string, string>): number {
  using machine = new TemporaryFolder(files);
  return memoryLimitBytes({ root: machine.path, totalBytes: 64 * GB });
}

test("without control groups it is the machine's memory", () => {
  expect(limit({})).toBe(64 * GB);
});

test("in version 2 it is the lowest limit on the way up from the own group", () => {
  const files = {
    "proc/self/cgroup": "0::/app.slice/gateway.service\n",
    "sys/fs/cgroup/app.slice/memory.max": `${2 * GB}\n`,
    "sys/fs/cgroup/app.slice/gateway.service/memory.max": "max\n",
  };
  expect(limit(files)).toBe(2 * GB);
});

test("a container that sees its group as the root finds the limit there", () => {
  const files = {
    "proc/self/cgroup": "0::/docker/0123abcd\n",
    "sys/fs/cgroup/memory.max": `${GB}\n`,
  };
  expect(limit(files)).toBe(GB);
});

test("in version 1 the memory controller has its own tree, and no limit is a huge one", () => {
  const proc = "12:cpu,cpuacct:/x\n9:memory:/docker/abc\n0::/\n";
  const file = "sys/fs/cgroup/memory/memory.limit_in_bytes";
  expect(limit({ "proc/self/cgroup": proc, [file]: `${3 * GB}\n` })).toBe(3 * GB);
  expect(limit({ "proc/self/cgroup": proc, [file]: "9223372036854771712\n" })).toBe(64 * GB);
});

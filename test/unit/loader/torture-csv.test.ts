import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkTorture, makeTorture, runCase } from "../../support/torture/torture.ts";

test("every CSV of the torture set is read as its manifest says, or refused with the reason", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-torture-"));
  try {
    const cases = (await makeTorture(join(directory, "files"))).filter(
      ({ files }) => !/\.xls\w?$/.test(files[0]?.path ?? "") || /csv/.test(files[0]?.path ?? ""),
    );
    const failures: string[] = [];
    let runs = 0;
    for (const torture of cases) {
      const variants = Object.entries(torture.variants ?? {}).map(
        ([name, { options, expect: expected }]) => ({
          name: `${torture.id}#${name}`,
          options,
          expected,
        }),
      );
      const all = [{ name: torture.id, options: {}, expected: torture.expect }, ...variants];
      for (const { name, options, expected } of all) {
        runs += 1;
        const work = join(directory, "work");
        const result = await runCase(join(directory, "files"), work, torture, options);
        await rm(work, { recursive: true, force: true });
        const problems = await checkTorture(expected, result);
        if (problems.length > 0) {
          failures.push(`${expected.level ?? "must"} ${name}: ${problems.join("; ")}`);
        }
      }
    }
    expect(runs).toBeGreaterThan(150);
    expect(failures).toEqual([]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}, 300_000);

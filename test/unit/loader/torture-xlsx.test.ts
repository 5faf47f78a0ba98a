import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkTorture, makeTorture, runCase } from "../../support/torture/torture.ts";

test("every workbook of the torture set is read as its manifest says, or refused with the reason", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-torture-"));
  try {
    const files = join(directory, "files");
    const cases = (await makeTorture(files, "--only=x-")).filter(({ files: [first] }) =>
      /\.xls\w?$/.test(first?.path ?? ""),
    );
    const failures: string[] = [];
    let runs = 0;
    for (const torture of cases) {
      const variants = Object.entries(torture.variants ?? {}).map(([name, variant]) => ({
        name: `${torture.id}#${name}`,
        ...variant,
      }));
      const all = [{ name: torture.id, options: {}, expect: torture.expect }, ...variants];
      for (const { name, options, expect: expected } of all) {
        runs += 1;
        const work = join(directory, "work");
        const startedAt = performance.now();
        const result = await runCase(files, work, torture, { onBadRows: "null", ...options });
        const tookMs = performance.now() - startedAt;
        await rm(work, { recursive: true, force: true });
        const problems = [...(await checkTorture(expected, result))];
        if (result.outcome === "error" && tookMs > 2_000) problems.push("took more than 2 s");
        if (problems.length > 0) {
          failures.push(`${expected.level ?? "must"} ${name}: ${problems.join("; ")}`);
        }
      }
    }
    expect(failures).toEqual([]);
    expect(runs).toBeGreaterThan(50);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}, 300_000);

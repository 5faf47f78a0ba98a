/** The tables and views of a workspace file, checked against each other and against the stores. */

import { LIMITS } from "../core/limits.ts";
import { normalizeName, SYSTEM_COLUMNS } from "../core/sql-names.ts";
import { parseSize } from "../core/units.ts";
import { FORMATS, type FormatName, type FormatOptions, OPTIONS_KEYS } from "../formats/format.ts";
import { didYouMean } from "../settings/did-you-mean.ts";
import type { YamlDocument } from "../settings/yaml-document.ts";
import type { YamlPath } from "../settings/yaml-tree.ts";
import type { ColumnDefinition, ForeignKey, TableDefinition, ViewDefinition } from "./catalog.ts";
import { COLUMN_TYPE_NAMES, formatColumnType, parseColumnType } from "./column-type.ts";
import {
  DEFAULT_SCHEMA,
  formatRelationName,
  parseRelationName,
  parseTableReference,
  type RelationName,
} from "./relation-name.ts";
import type { ColumnEntry, TableEntry, WorkspaceEntry } from "./schema.ts";
import { formatNames, formatOfKey, type KnownStores, parseSource } from "./source-reference.ts";

/** Notes a problem at a key or a value of the file. */
export type Report = (at: "key" | "value", path: YamlPath, message: string, hint?: string) => void;

interface RelationReaderOptions {
  readonly entry: WorkspaceEntry;
  readonly document: YamlDocument<WorkspaceEntry>;
  readonly known: KnownStores;
  readonly report: Report;
  /** The workspace's own interval. */
  readonly refreshMs: number | undefined;
}

interface NamedRelation {
  readonly path: YamlPath;
  readonly relation: RelationName;
  readonly kind: "table" | "view";
  /** As the YAML has it. */
  readonly key: string;
}

export class RelationReader {
  readonly #options: RelationReaderOptions;
  /** All that the file names, with broken definitions too, so that nobody is told they are missing. */
  readonly #relations: readonly NamedRelation[];

  constructor(options: RelationReaderOptions) {
    this.#options = options;
    this.#relations = this.#nameRelations();
  }

  tables(): TableDefinition[] {
    const { entry } = this.#options;
    return this.#relations.flatMap(({ kind, key, relation }) => {
      const table = kind === "table" ? entry.tables?.[key] : undefined;
      const definition = table && this.#table(["tables", key], relation, table);
      return definition === undefined ? [] : [definition];
    });
  }

  views(): ViewDefinition[] {
    const { entry, report } = this.#options;
    return this.#relations.flatMap(({ kind, key, relation }) => {
      const view = kind === "view" ? entry.views?.[key] : undefined;
      if (view === undefined) return [];
      const sql = view.sql.trim().replace(/(\s*;)+$/, "");
      if (sql === "") {
        report("value", ["views", key, "sql"], `the view "${key}" has no SQL`);
        return [];
      }
      return [{ ...relation, description: view.description, sql }];
    });
  }

  #nameRelations(): NamedRelation[] {
    const { document, report } = this.#options;
    const relations: NamedRelation[] = [];
    const taken = new Map<string, NamedRelation>();
    for (const [kind, group] of [
      ["table", "tables"],
      ["view", "views"],
    ] as const) {
      for (const key of document.keys([group])) {
        const path = [group, key];
        const reading = parseRelationName(key);
        if (!reading.ok) report("key", path, reading.message, reading.hint);
        const relation = reading.ok ? reading.relation : { schema: DEFAULT_SCHEMA, name: key };
        // What has no valid name of its own is looked through all the same.
        const named: NamedRelation = { path, relation, kind, key };
        relations.push(named);
        const folded = formatRelationName(relation).toLowerCase();
        const earlier = taken.get(folded);
        if (earlier === undefined) taken.set(folded, named);
        else this.#reportSameName(named, earlier);
      }
    }
    return relations;
  }

  #reportSameName(named: NamedRelation, earlier: NamedRelation): void {
    const isSame = formatRelationName(named.relation) === formatRelationName(earlier.relation);
    this.#options.report(
      "key",
      named.path,
      `the ${named.kind} "${named.key}" has the name of the ${earlier.kind} "${earlier.key}"`,
      isSame
        ? "Tables and views share their names: rename one of the two."
        : "Names that differ only in case are too much alike: rename one of the two.",
    );
  }

  #table(path: YamlPath, relation: RelationName, entry: TableEntry): TableDefinition | undefined {
    const { known, report } = this.#options;
    const names = entry.names ?? this.#options.entry.names ?? "normalized";
    const reading = parseSource(entry.source, known);
    if (reading.outcome === "wrong") {
      report("value", [...path, "source"], reading.message, reading.hint);
    }
    const columns = this.#columns(path, entry);
    this.#checkColumnNames(path, entry, names);
    const primaryKey = entry.primary_key ?? [];
    this.#checkKey([...path, "primary_key"], primaryKey, entry, names);
    const foreignKeys = this.#foreignKeys(path, entry, names);
    if (reading.outcome === "wrong") return undefined;
    const key = reading.outcome === "source" ? reading.source.pattern : entry.source;
    const options = this.#formatOptions(path, entry, key);
    if (reading.outcome !== "source" || options === undefined) return undefined;
    this.#checkSheets(path, entry, reading.source.isGlob);
    const refresh = entry.refresh ?? this.#options.refreshMs;
    return {
      ...relation,
      description: entry.description,
      source: reading.source,
      options,
      columns,
      names,
      primaryKey,
      foreignKeys,
      onBadValue: entry.on_bad_value ?? "reject",
      fileNameColumn: this.#fileNameColumn(path, entry, names),
      refreshMs: refresh === "off" ? undefined : refresh,
    };
  }

  #formatOptions(path: YamlPath, entry: TableEntry, key: string): FormatOptions | undefined {
    const { report } = this.#options;
    const format: FormatName | undefined = entry.format ?? formatOfKey(key);
    if (format === undefined) {
      report(
        "value",
        [...path, "source"],
        `the extension of "${entry.source}" tells no format`,
        `Add format: with one of ${formatNames().join(", ")}.`,
      );
      return undefined;
    }
    const { optionsKey } = FORMATS[format];
    for (const other of OPTIONS_KEYS) {
      if (other === optionsKey || entry[other] === undefined) continue;
      report(
        "key",
        [...path, other],
        `options of ${other} for a file of format ${format}`,
        optionsKey === undefined
          ? `Files of format ${format} say all by themselves: leave ${other}: out.`
          : `Use ${optionsKey}:, or say format: if the extension is wrong.`,
      );
    }
    switch (format) {
      case "parquet":
        return { format };
      case "xlsx":
        return { format, xlsx: entry.xlsx ?? {} };
      case "json":
      case "ndjson":
        this.#checkSize([...path, "json", "max_record_size"], entry.json?.max_record_size);
        return { format, json: entry.json ?? {} };
      case "csv":
      case "tsv":
      case "txt":
        this.#checkSize([...path, "csv", "max_line_size"], entry.csv?.max_line_size);
        return { format, csv: entry.csv ?? {} };
    }
  }

  #checkSize(path: YamlPath, text: string | undefined): void {
    const size = text === undefined ? undefined : parseSize(text);
    if (size?.ok !== false) return;
    const message = `${path.at(-1)}: expected ${size.expected}, got "${text}"`;
    this.#options.report("value", path, message);
  }

  #checkSheets(path: YamlPath, { xlsx }: TableEntry, isPattern: boolean): void {
    if (xlsx?.sheets === undefined) return;
    const { report } = this.#options;
    const at = [...path, "xlsx", "sheets"];
    if (xlsx.sheet !== undefined) {
      report("key", at, "sheets: all and sheet: contradict each other", "Leave one of them out.");
    }
    if (isPattern) {
      report(
        "key",
        at,
        "sheets: all needs one workbook, and the source is a pattern",
        "Name a sheet that all workbooks have, or make a table of each workbook.",
      );
    }
  }

  #columns(path: YamlPath, entry: TableEntry): ReadonlyMap<string, ColumnDefinition> {
    const { report } = this.#options;
    return new Map(
      Object.entries(entry.columns ?? {}).map(([header, column]) => {
        const { name, type, description, hidden = false } = column;
        const reading = type === undefined ? undefined : parseColumnType(type);
        if (reading?.ok === false) {
          const suggestion = didYouMean(type ?? "", COLUMN_TYPE_NAMES);
          const typePath = [...path, "columns", header, "type"];
          report("value", typePath, `${reading.message}${suggestion}`);
        }
        const written = reading?.ok === true ? formatColumnType(reading.type) : undefined;
        return [header, { name, type: written, description, hidden }];
      }),
    );
  }

  #fileNameColumn(
    path: YamlPath,
    { filename = false, columns = {} }: TableEntry,
    names: TableDefinition["names"],
  ): string | undefined {
    if (filename === false) return undefined;
    const name = filename === true ? "filename" : filename;
    const at = [...path, "filename"];
    const { report } = this.#options;
    const taken = Object.entries(columns).find(
      ([header, column]) =>
        column.hidden !== true &&
        sqlName(header, column, names).toLowerCase() === name.toLowerCase(),
    );
    if (taken !== undefined) {
      const message = `the column "${taken[0]}" is called "${name}" in SQL, too`;
      report("value", at, message, "Name the other one: filename: source_file.");
    }
    const mistake = mistakeInName(name);
    if (mistake !== undefined) report("value", at, mistake, "Choose another name.");
    return name;
  }

  /** Two columns of one name, or a name that no table can have. */
  #checkColumnNames(path: YamlPath, entry: TableEntry, names: TableDefinition["names"]): void {
    const { report } = this.#options;
    const taken = new Map<string, string>();
    for (const [header, column] of Object.entries(entry.columns ?? {})) {
      const columnPath = [...path, "columns", header];
      if (column.name !== undefined) {
        const mistake = mistakeInName(column.name);
        if (mistake !== undefined) {
          report("value", [...columnPath, "name"], mistake, "Choose another name.");
        }
      }
      if (column.hidden === true) continue;
      const name = sqlName(header, column, names);
      const earlier = taken.get(name.toLowerCase());
      if (earlier === undefined) taken.set(name.toLowerCase(), header);
      else {
        report(
          column.name === undefined ? "key" : "value",
          column.name === undefined ? columnPath : [...columnPath, "name"],
          `the columns "${earlier}" and "${header}" are both called "${name}" in SQL`,
          "Give one of them another name.",
        );
      }
    }
  }

  #foreignKeys(path: YamlPath, entry: TableEntry, names: TableDefinition["names"]): ForeignKey[] {
    return (entry.foreign_keys ?? []).flatMap((foreignKey, index) => {
      const keyPath = [...path, "foreign_keys", index];
      this.#checkKey([...keyPath, "columns"], foreignKey.columns, entry, names);
      const references = this.#references([...keyPath, "references"], foreignKey);
      return references === undefined ? [] : [{ columns: foreignKey.columns, references }];
    });
  }

  #references(
    path: YamlPath,
    foreignKey: { readonly columns: readonly string[]; readonly references: string },
  ): ForeignKey["references"] | undefined {
    const { report, entry } = this.#options;
    const reference = parseTableReference(foreignKey.references);
    if (reference === undefined) {
      const message = `references: expected a table such as customers(id), got "${foreignKey.references}"`;
      report("value", path, message);
      return undefined;
    }
    const wanted = formatRelationName(reference.relation);
    const tables = this.#relations.filter(({ kind }) => kind === "table");
    const target = tables.find(({ relation }) => formatRelationName(relation) === wanted);
    if (target === undefined) {
      const suggestion = didYouMean(
        wanted,
        tables.map(({ relation }) => formatRelationName(relation)),
      );
      report("value", path, `references an unknown table "${wanted}"${suggestion}`);
      return undefined;
    }
    const table = entry.tables?.[target.key];
    // A table with problems of its own says nothing about its columns.
    if (table === undefined) return undefined;
    const columns = reference.columns.length > 0 ? reference.columns : (table.primary_key ?? []);
    if (columns.length === 0) {
      const message = `the table "${wanted}" has no primary key to refer to`;
      report("value", path, message, `Name the columns: ${wanted}(...).`);
      return undefined;
    }
    if (columns.length !== foreignKey.columns.length) {
      const message = "number of referencing and referenced columns for foreign key disagree";
      report("value", path, message);
    }
    const names = table.names ?? entry.names ?? "normalized";
    this.#checkKey(path, columns, table, names);
    return { schema: target.relation.schema, table: target.relation.name, columns };
  }

  /** Only the file tells all its columns, but some names can be told to be wrong without it. */
  #checkKey(
    path: YamlPath,
    key: readonly string[],
    table: TableEntry,
    names: TableDefinition["names"],
  ): void {
    const columns = Object.entries(table.columns ?? {});
    key.forEach((name, index) => {
      const at = [...path, index];
      const declared = columns.find(([header, column]) => sqlName(header, column, names) === name);
      const byHeader = columns.find(([header]) => header === name);
      if (key.indexOf(name) < index) this.#reportKey(at, `the column "${name}" is named twice`);
      else if (declared?.[1].hidden === true) {
        this.#reportKey(at, `the column "${name}" is hidden`);
      } else if (declared === undefined && byHeader !== undefined) {
        const called = sqlName(...byHeader, names);
        this.#reportKey(at, `the column "${name}" is called "${called}" in SQL`, called);
      } else if (declared === undefined && names === "normalized" && normalizeName(name) !== name) {
        const called = normalizeName(name);
        this.#reportKey(at, `no column can be called "${name}" here`, called);
      }
    });
  }

  #reportKey(path: YamlPath, message: string, called?: string): void {
    const hint = called === undefined ? undefined : `Keys use the names in SQL: write ${called}.`;
    this.#options.report("value", path, message, hint);
  }
}

function mistakeInName(name: string): string | undefined {
  if (SYSTEM_COLUMNS.has(name.toLowerCase())) {
    return `the column name "${name}" is one of PostgreSQL's system columns`;
  }
  if (Buffer.byteLength(name) <= LIMITS.identifierBytes) return undefined;
  return `the name "${name}" is longer than ${LIMITS.identifierBytes} bytes`;
}

function sqlName(header: string, column: ColumnEntry, names: TableDefinition["names"]): string {
  return column.name ?? (names === "as_is" ? header : normalizeName(header));
}

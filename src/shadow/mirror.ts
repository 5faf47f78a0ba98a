import { INITIAL_DATABASE, isReservedName } from "./base-catalog.ts";
import {
  addForeignKey,
  comments,
  createPlaceholderView,
  createTable,
  createTextTable,
  createView,
  qualifiedName,
  renameDatabase,
  replaceComments,
  roleStatements,
  rowCountStatement,
  schemaStatements,
} from "./mirror-ddl.ts";

/** What of a workspace PostgreSQL's catalogs show. */
export interface MirrorModel {
  readonly database: string;
  readonly schemas: readonly string[];
  readonly tables: readonly MirrorTable[];
  readonly views: readonly MirrorView[];
  /** The roles that may log in. */
  readonly members: readonly string[];
}

export interface MirrorTable {
  readonly schema: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly columns: readonly MirrorColumn[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly MirrorForeignKey[];
  /** Undefined where the table has never been loaded. */
  readonly rowCount: number | undefined;
}

export interface MirrorColumn {
  readonly name: string;
  /** As PostgreSQL writes it: `numeric(12,2)`, `timestamp with time zone`, `text[]`. */
  readonly type: string;
  readonly notNull: boolean;
  readonly description?: string | undefined;
}

export interface MirrorForeignKey {
  readonly columns: readonly string[];
  readonly references: {
    readonly schema: string;
    readonly table: string;
    readonly columns: readonly string[];
  };
}

export interface MirrorView {
  readonly schema: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** In PostgreSQL's words where it can be; else only its columns are shown. */
  readonly definition: string;
}

/** One object of a change. A step that PostgreSQL refuses is left out; the others stand. */
export interface MirrorStep {
  /** What it makes, for the log. */
  readonly object: string;
  readonly as: "admin" | "owner";
  /** One statement each; all of them, or none. */
  readonly statements: readonly string[];
  /** Tried, in this order, where the statements are refused. */
  readonly alternatives: readonly (readonly string[])[];
}

/** What a shadow holds before anything is mirrored into it. */
export const EMPTY_MODEL: MirrorModel = {
  database: INITIAL_DATABASE,
  schemas: ["public"],
  tables: [],
  views: [],
  members: [],
};

/**
 * The steps that turn one model into the other. What has not changed is not touched, so that its
 * OIDs stay; a table whose description or number of rows has changed keeps them too.
 */
export function mirrorChange(before: MirrorModel, after: MirrorModel): readonly MirrorStep[] {
  const tables = compare(before.tables, after.tables, sameStructure);
  const views = compare(before.views, after.views, sameView);
  // A view may use any table and any other view, and one that could not be created before may be
  // possible now. Views hold nothing, so all of them are made anew.
  const viewsChange = tables.changed || views.changed;
  return [
    ...databaseSteps(before, after),
    ...(viewsChange ? before.views.map(dropView) : []),
    ...tables.gone.map(dropTable),
    ...schemaSteps(before, after),
    ...tables.created.map(tableStep),
    ...foreignKeySteps(after.tables, new Set(tables.created.map(qualifiedName))),
    ...(viewsChange ? inOrderOfUse(after.views).map(viewStep) : []),
    ...tables.kept.flatMap(([was, is]) => inPlaceStep(was, is)),
    ...(tables.changed || viewsChange ? [likeOlderPostgres()] : []),
  ];
}

function step(
  object: string,
  as: MirrorStep["as"],
  statements: readonly string[],
  alternatives: MirrorStep["alternatives"] = [],
): MirrorStep {
  return { object, as, statements, alternatives };
}

function databaseSteps(before: MirrorModel, after: MirrorModel): MirrorStep[] {
  const steps: MirrorStep[] = [];
  if (before.database !== after.database) {
    const rename = renameDatabase(before.database, after.database);
    steps.push(step(`database ${after.database}`, "admin", [rename]));
  }
  const { created, dropped } = difference(before.members, after.members);
  for (const name of dropped) {
    steps.push(step(`role ${name}`, "admin", roleStatements.drop(name)));
  }
  for (const name of created) {
    steps.push(step(`role ${name}`, "admin", roleStatements.create(name)));
  }
  return steps;
}

function schemaSteps(before: MirrorModel, after: MirrorModel): MirrorStep[] {
  const { created, dropped } = difference(schemasOf(before), schemasOf(after));
  return [
    ...dropped.map((name) => step(`schema ${name}`, "owner", schemaStatements.drop(name))),
    ...created.map((name) => step(`schema ${name}`, "owner", schemaStatements.create(name))),
  ];
}

/** `public` is part of the base catalog; PostgreSQL's own are never made or dropped. */
function schemasOf({ schemas, tables, views }: MirrorModel): readonly string[] {
  const named = [...schemas, ...tables.map((table) => table.schema), ...views.map((v) => v.schema)];
  return [...new Set(named)].filter((name) => name !== "public" && !isReservedName(name));
}

function dropView(view: MirrorView): MirrorStep {
  const name = qualifiedName(view);
  // A view before it may have taken it along.
  return step(`view ${name}`, "owner", [`DROP VIEW IF EXISTS ${name} CASCADE`]);
}

function dropTable(table: MirrorTable): MirrorStep {
  const name = qualifiedName(table);
  return step(`table ${name}`, "owner", [`DROP TABLE IF EXISTS ${name} CASCADE`]);
}

function tableStep(table: MirrorTable): MirrorStep {
  const described = [...comments("TABLE", table)];
  if (table.rowCount !== undefined) described.push(rowCountStatement(table));
  return step(
    `table ${qualifiedName(table)}`,
    "owner",
    [createTable(table), ...described],
    // Without its keys, and then with what no table can be refused for.
    [[createTable({ ...table, primaryKey: [] }), ...described], [createTextTable(table)]],
  );
}

function viewStep(view: MirrorView): MirrorStep {
  const described = comments("VIEW", view);
  return step(
    `view ${qualifiedName(view)}`,
    "owner",
    [createView(view), ...described],
    [[createPlaceholderView(view), ...described]],
  );
}

/** Those of new tables, and those that lead to new tables: the old ones went with their target. */
function foreignKeySteps(
  tables: readonly MirrorTable[],
  created: ReadonlySet<string>,
): MirrorStep[] {
  return tables.flatMap((table) =>
    table.foreignKeys
      .filter(({ references: { schema, table: name } }) => {
        return created.has(qualifiedName(table)) || created.has(qualifiedName({ schema, name }));
      })
      .map((key) =>
        step(`foreign key of ${qualifiedName(table)}`, "owner", [addForeignKey(table, key)]),
      ),
  );
}

function inPlaceStep(was: MirrorTable, is: MirrorTable): MirrorStep[] {
  const statements = [...replaceComments(was, is)];
  if (was.rowCount !== is.rowCount) statements.push(rowCountStatement(is));
  if (statements.length === 0) return [];
  return [step(`description of ${qualifiedName(is)}`, "owner", statements)];
}

/**
 * Two things that newer catalogs have and clients of version 15 misread: a constraint for every NOT
 * NULL column (which they count as keys), and NULL for the default statistics target.
 */
function likeOlderPostgres(): MirrorStep {
  return step("catalog rows of newer versions", "admin", [
    `DELETE FROM pg_depend USING pg_constraint c
     WHERE c.contype = 'n' AND c.oid >= 16384 AND pg_depend.objid = c.oid
       AND pg_depend.classid = 'pg_constraint'::regclass`,
    "DELETE FROM pg_constraint WHERE contype = 'n' AND oid >= 16384",
    `UPDATE pg_attribute SET attstattarget = -1
     WHERE attstattarget IS NULL AND attnum > 0 AND attrelid >= 16384`,
  ]);
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

interface Comparison<T> {
  readonly gone: readonly T[];
  readonly created: readonly T[];
  readonly kept: readonly (readonly [was: T, is: T])[];
  readonly changed: boolean;
}

/** What is made anew is gone and created. */
function compare<T extends Named>(
  before: readonly T[],
  after: readonly T[],
  same: (was: T, is: T) => boolean,
): Comparison<T> {
  const old = new Map(before.map((item) => [qualifiedName(item), item]));
  const created: T[] = [];
  const kept: (readonly [T, T])[] = [];
  for (const is of after) {
    const was = old.get(qualifiedName(is));
    if (was === undefined || !same(was, is)) {
      created.push(is);
      continue;
    }
    kept.push([was, is]);
    old.delete(qualifiedName(is));
  }
  const gone = [...old.values()];
  return { gone, created, kept, changed: gone.length + created.length > 0 };
}

function sameStructure(was: MirrorTable, is: MirrorTable): boolean {
  return structure(was) === structure(is);
}

function structure({ columns, primaryKey, foreignKeys }: MirrorTable): string {
  const shapes = columns.map(({ name, type, notNull }) => [name, type, notNull]);
  const keys = foreignKeys.map(({ columns: from, references: { schema, table, columns: to } }) => {
    return [from, schema, table, to];
  });
  return JSON.stringify([shapes, primaryKey, keys]);
}

function sameView(was: MirrorView, is: MirrorView): boolean {
  const text = ({ columns, definition, description }: MirrorView) =>
    JSON.stringify([definition, description, columns.map(({ name, type }) => [name, type])]);
  return text(was) === text(is);
}

function difference(
  before: readonly string[],
  after: readonly string[],
): { readonly created: readonly string[]; readonly dropped: readonly string[] } {
  return {
    created: after.filter((name) => !before.includes(name)),
    dropped: before.filter((name) => !after.includes(name)),
  };
}

/**
 * A view stands behind those whose names its text mentions. A name that is not meant as a view only
 * moves it further back; views that mention one another stay in their order.
 */
function inOrderOfUse(views: readonly MirrorView[]): readonly MirrorView[] {
  const byName = new Map<string, MirrorView[]>();
  for (const view of views) {
    const name = view.name.toLowerCase();
    byName.set(name, [...(byName.get(name) ?? []), view]);
  }
  const ordered = new Set<MirrorView>();
  const visited = new Set<MirrorView>();
  const visit = (view: MirrorView): void => {
    if (visited.has(view)) return;
    visited.add(view);
    for (const word of wordsOf(view.definition)) {
      for (const used of byName.get(word) ?? []) visit(used);
    }
    ordered.add(view);
  };
  for (const view of views) visit(view);
  return [...ordered];
}

function wordsOf(sql: string): ReadonlySet<string> {
  const words = sql.match(/"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
  return new Set(
    words.map((word) => {
      return (word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word).toLowerCase();
    }),
  );
}

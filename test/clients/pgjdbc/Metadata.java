import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;

/** What tools ask of JDBC before they show a database. */
final class Metadata {
  static void listed(Connection connection) throws SQLException {
    DatabaseMetaData metadata = connection.getMetaData();
    Report.same(metadata.getDatabaseProductName(), "PostgreSQL");
    String[] kinds = {"TABLE", "VIEW"};
    Report.same(printed(metadata.getTables(null, "public", "%", kinds), "TABLE_NAME", "TABLE_TYPE"), "big TABLE,things TABLE,");
    Report.same(printed(metadata.getTables(null, "public", "thi%", null), "TABLE_NAME", "TABLE_TYPE").contains("things TABLE,"), true);
    Report.same(printed(metadata.getColumns(null, "public", "things", "%"), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS"),
        "id int8 19 0,price numeric 12 2,name text 2147483647 0,active bool 1 0,day date 13 0,at timestamp 29 6,");
    Report.same(printed(metadata.getPrimaryKeys(null, "public", "things"), "COLUMN_NAME", "KEY_SEQ"), "id 1,");
    Report.same(printed(metadata.getIndexInfo(null, "public", "things", true, true), "COLUMN_NAME"), "id,");
    Report.same(printed(metadata.getImportedKeys(null, "public", "things"), "FKCOLUMN_NAME"), "");
    Report.same(printed(metadata.getSchemas(), "TABLE_SCHEM").contains("public,"), true);
    Report.same(printed(metadata.getCatalogs(), "TABLE_CAT").contains(connection.getCatalog() + ","), true);
    Report.same(printed(metadata.getTypeInfo(), "TYPE_NAME").contains("timestamptz,"), true);
    Report.same(printed(metadata.getFunctions(null, "pg_catalog", "abs"), "FUNCTION_NAME").contains("abs,"), true);
    Report.same(printed(metadata.getTablePrivileges(null, "public", "big"), "PRIVILEGE").contains("SELECT,"), true);
    Report.same(metadata.getMaxColumnNameLength(), 63);
    Database.refused("25006", () -> Database.execute(connection, "INSERT INTO things (id) VALUES (5000)"));
    Database.goesOn(connection);
  }

  private static String printed(ResultSet rows, String... columns) throws SQLException {
    try (rows) {
      StringBuilder said = new StringBuilder();
      while (rows.next()) {
        for (int index = 0; index < columns.length; index += 1) {
          said.append(index == 0 ? "" : " ").append(rows.getString(columns[index]));
        }
        said.append(',');
      }
      return said.toString();
    }
  }

  private Metadata() {}
}

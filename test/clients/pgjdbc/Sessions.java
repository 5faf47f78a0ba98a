import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Timer;
import java.util.TimerTask;
import org.postgresql.PGConnection;

/** Cursors, transactions, batches, cancels and settings. */
final class Sessions {
  /** With a fetch size, in a transaction, the driver runs a portal in pieces. */
  static void streamed(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT id FROM big")) {
      long count = 0;
      long sum = 0;
      while (rows.next()) {
        count += 1;
        sum += rows.getLong(1);
        // Other statements come and go while the portal is open.
        if (count % 30_000 == 0) Database.goesOn(connection);
      }
      Report.same(count, Database.BIG_ROWS);
      Report.same(sum, Database.BIG_SUM);
    }
    connection.commit();
  }

  static void abandoned(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    for (int time = 0; time < 3; time += 1) {
      try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT id, label FROM big")) {
        for (int row = 0; row < 120; row += 1) Report.same(rows.next(), true);
      }
      Database.goesOn(connection);
    }
    // A commit ends the portal that is still open.
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT id FROM big")) {
      Report.same(rows.next(), true);
      connection.commit();
      Database.refused("34000", () -> {
        while (rows.next()) rows.getLong(1);
      });
    }
    connection.rollback();
    Database.goesOn(connection);
  }

  static void committed(Connection connection) throws SQLException {
    connection.setReadOnly(true);
    connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    connection.setAutoCommit(false);
    Report.same(Database.ask(connection, "SHOW transaction_read_only") + Database.ask(connection, "SHOW transaction_isolation"), "onrepeatable read");
    connection.commit();
    connection.setReadOnly(false);
    Report.same(Database.ask(connection, "SHOW transaction_read_only"), "off");
    Database.execute(connection, "SET application_name = 'kept'");
    connection.commit();
    Database.execute(connection, "SET application_name = 'lost'");
    connection.rollback();
    connection.setAutoCommit(true);
    Report.same(Database.ask(connection, "SHOW application_name"), "kept");
  }

  static void failed(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    Database.goesOn(connection);
    Database.refused("42703", () -> Database.execute(connection, "SELECT nothing FROM things"));
    Database.refused("25P02", () -> Database.goesOn(connection));
    connection.rollback();
    Database.goesOn(connection);
    Database.refused("42703", () -> Database.execute(connection, "SELECT nothing FROM things"));
    connection.setAutoCommit(true);
    Database.goesOn(connection);
  }

  static void savepoint(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    Savepoint named = connection.setSavepoint("Before it");
    Savepoint inner = connection.setSavepoint();
    Database.refused("42703", () -> Database.execute(connection, "SELECT nothing FROM things"));
    connection.rollback(inner);
    Database.goesOn(connection);
    Database.refused("42P01", () -> Database.execute(connection, "SELECT id FROM nothing"));
    connection.rollback(named);
    connection.releaseSavepoint(named);
    Database.goesOn(connection);
    connection.commit();
  }

  /** The driver sets a savepoint before each statement, and goes back to it after an error. */
  static void autosave(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    for (int time = 0; time < 3; time += 1) {
      Database.goesOn(connection);
      Database.refused("42703", () -> Database.execute(connection, "SELECT nothing FROM things"));
    }
    Database.goesOn(connection);
    connection.commit();
  }

  static void severalStatements(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      boolean more = statement.execute("SELECT 1; SET application_name = 'several'; SELECT id FROM things WHERE id = 3; SELECT ';'");
      StringBuilder said = new StringBuilder();
      while (more || statement.getUpdateCount() != -1) {
        if (more) {
          try (ResultSet rows = statement.getResultSet()) {
            while (rows.next()) said.append(rows.getString(1)).append(' ');
          }
        }
        more = statement.getMoreResults();
      }
      Report.same(said.toString(), "1 3 ; ");
    }
    Report.same(Database.ask(connection, "SHOW application_name"), "several");
    Database.execute(connection, "CREATE TEMP TABLE batched (id int, name text)");
    try (PreparedStatement statement = connection.prepareStatement("INSERT INTO batched VALUES (?, ?)")) {
      for (int id = 0; id < 300; id += 1) {
        statement.setInt(1, id);
        statement.setString(2, "größer " + id);
        statement.addBatch();
      }
      Report.same(Arrays.stream(statement.executeBatch()).sum(), 300);
    }
    Report.same(Database.ask(connection, "SELECT count(DISTINCT name) FROM batched"), "300");
  }

  static void brokenBatch(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.addBatch("SET application_name = 'lost'");
      statement.addBatch("SET nothing_of_that_name = 1");
      statement.addBatch("SET application_name = 'never'");
      statement.executeBatch();
      throw new AssertionError("the batch went well");
    } catch (BatchUpdateException refusal) {
      Report.same(refusal.getSQLState(), "42704");
    }
    Database.refused("25P02", () -> Database.goesOn(connection));
    connection.rollback();
    connection.setAutoCommit(true);
    Report.same(Database.ask(connection, "SHOW application_name"), "PostgreSQL JDBC Driver");
    Database.goesOn(connection);
  }

  static void temporaryTable(Connection connection) throws SQLException {
    Database.execute(connection, "CREATE TEMP TABLE notes (id int, body text)");
    try (PreparedStatement statement = connection.prepareStatement("INSERT INTO notes VALUES (?, ?), (?, NULL)")) {
      statement.setInt(1, 1);
      statement.setString(2, "ä");
      statement.setInt(3, 2);
      Report.same(statement.executeUpdate(), 2);
    }
    Report.same(Database.ask(connection, "SELECT n.body FROM notes n JOIN things t USING (id) ORDER BY n.id"), "ä");
    Database.execute(connection, "DROP TABLE notes");
  }

  static void canceled(Connection connection) throws SQLException {
    for (String sql : new String[] {"SELECT pg_sleep(60)", Database.SLOW_QUERY}) {
      try (Statement statement = connection.createStatement()) {
        Timer timer = new Timer(true);
        timer.schedule(new TimerTask() {
          @Override
          public void run() {
            try {
              statement.cancel();
            } catch (SQLException failure) {
              System.err.println(failure);
            }
          }
        }, 300);
        Database.refused("57014", () -> statement.executeQuery(sql));
        timer.cancel();
      }
      Database.goesOn(connection);
    }
  }

  static void timedOut(Connection connection) throws SQLException {
    Database.execute(connection, "SET statement_timeout = 200");
    for (String sql : new String[] {"SELECT pg_sleep(60)", Database.SLOW_QUERY}) {
      Database.refused("57014", () -> Database.ask(connection, sql));
      Database.goesOn(connection);
    }
    Database.execute(connection, "RESET statement_timeout");
    // The driver's own: it cancels.
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      Database.refused("57014", () -> statement.executeQuery(Database.SLOW_QUERY));
    }
    Database.goesOn(connection);
  }

  static void settings(Connection connection) throws SQLException {
    Report.same(Database.ask(connection, "SHOW application_name"), "twenty-five");
    Report.same(Database.ask(connection, "SHOW search_path"), "public,pg_temp");
    Report.same(Database.ask(connection, "SHOW statement_timeout"), "12345ms");
    connection.setClientInfo("ApplicationName", "another");
    connection.setSchema("public");
    Database.execute(connection, "SET TIME ZONE 'Europe/Vienna'");
    Report.same(Database.ask(connection, "SHOW application_name"), "another");
    Report.same(connection.getClientInfo("ApplicationName"), "another");
    Report.same(connection.getSchema() + " " + Database.ask(connection, "SHOW search_path"), "public public");
    Report.same(connection.unwrap(PGConnection.class).getParameterStatus("TimeZone"), "Europe/Vienna");
    Report.same(connection.isValid(5), true);
    Database.goesOn(connection);
  }

  private Sessions() {}
}

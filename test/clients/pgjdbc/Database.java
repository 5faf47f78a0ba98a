import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.postgresql.util.PSQLException;

/** The server that the environment names. */
final class Database {
  /** It takes far longer than any thing waits; the engine has to count it out. */
  static final String SLOW_QUERY =
      "SELECT count(*) FROM big a CROSS JOIN big b CROSS JOIN big c WHERE a.id + b.id + c.id < 0";

  static final long THING_ROWS = 1_000;
  static final long BIG_ROWS = 100_000;
  static final long BIG_SUM = BIG_ROWS * (BIG_ROWS + 1) / 2;

  interface Use {
    void of(Connection connection) throws Exception;
  }

  interface Failing {
    void run() throws SQLException;
  }

  /** A connection with these of the driver's own parameters, as {@code "name=value name=value"}. */
  static Connection connect(String parameters) throws SQLException {
    Properties all = new Properties();
    all.setProperty("user", System.getenv("PGUSER"));
    all.setProperty("password", System.getenv("PGPASSWORD"));
    all.setProperty("sslmode", "require");
    all.setProperty("sslrootcert", System.getenv("PGSSLROOTCERT"));
    for (String parameter : parameters.isEmpty() ? new String[0] : parameters.split(" ")) {
      String[] parts = parameter.split("=", 2);
      all.setProperty(parts[0], parts[1]);
    }
    String url = String.format("jdbc:postgresql://%s:%s/%s",
        System.getenv("PGHOST"), System.getenv("PGPORT"), System.getenv("PGDATABASE"));
    return DriverManager.getConnection(url, all);
  }

  /** A thing that has one connection. */
  static Report.Thing connected(String parameters, Use use) {
    return () -> {
      try (Connection connection = connect(parameters)) {
        use.of(connection);
      }
    };
  }

  static Report.Thing connected(Use use) {
    return connected("", use);
  }

  static void execute(Connection connection, String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String sql : statements) statement.execute(sql);
    }
  }

  /** The first column of the first row. */
  static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
      if (!rows.next()) throw new AssertionError("no row for " + sql);
      return rows.getString(1);
    }
  }

  /** The session answers as if nothing had been. */
  static void goesOn(Connection connection) throws SQLException {
    Report.same(ask(connection, "SELECT count(*) FROM things"), "1000");
  }

  /** The error is the server's, with this SQLSTATE. */
  static PSQLException refused(String state, Failing failing) throws SQLException {
    try {
      failing.run();
    } catch (PSQLException refusal) {
      if (!state.equals(refusal.getSQLState()) || refusal.getServerErrorMessage() == null) throw refusal;
      return refusal;
    }
    throw new AssertionError("no error, where " + state + " was wanted");
  }

  private Database() {}
}

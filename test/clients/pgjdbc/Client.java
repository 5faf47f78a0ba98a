import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Map;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.DriverInfo;

/** Does the 25 things with pgjdbc, unmodified and with its defaults where no parameter is named. */
public final class Client {
  public static void main(String[] arguments) {
    Report.run("pgjdbc " + DriverInfo.DRIVER_VERSION,
        () -> {
          String verified = "sslmode=verify-ca requireAuth=scram-sha-256 channelBinding=";
          for (String binding : new String[] {"require", "disable"}) {
            Database.connected(verified + binding, Database::goesOn).run();
          }
        },
        Database.connected("sslmode=disable", Database::goesOn),
        () -> Database.refused("28P01", () -> Database.connect("password=wrong").close()),
        // Rows and parameters as text, in both protocols.
        () -> {
          Database.connected("binaryTransfer=false", Values::rows).run();
          Database.connected("preferQueryMode=simple", Values::rows).run();
        },
        Database.connected("stringtype=unspecified binaryTransfer=false", Values::untyped),
        // Below zero the first execution already has its binary results.
        Database.connected("prepareThreshold=-1", Values::rows),
        () -> {
          Database.connected("binaryTransfer=false", Values::everyKind).run();
          Database.connected("prepareThreshold=-1", Values::everyKind).run();
        },
        () -> {
          Database.connected("binaryTransfer=false", Values::arrays).run();
          Database.connected("prepareThreshold=-1", Values::arrays).run();
        },
        Database.connected(Client::preparedStatement),
        Database.connected("defaultRowFetchSize=1000", Sessions::streamed),
        Database.connected("defaultRowFetchSize=50", Sessions::abandoned),
        Database.connected(Sessions::committed),
        Database.connected(Sessions::failed),
        () -> {
          Database.connected(Sessions::savepoint).run();
          Database.connected("autosave=always", Sessions::autosave).run();
        },
        Database.connected(Client::diagnosed),
        Database.connected(Values::emptyResult),
        Database.connected(Sessions::severalStatements),
        Database.connected(Sessions::brokenBatch),
        Database.connected(Client::copyOut),
        Database.connected(Client::copyIn),
        Database.connected(Sessions::temporaryTable),
        Database.connected(Sessions::canceled),
        Database.connected(Sessions::timedOut),
        Database.connected("ApplicationName=twenty-five currentSchema=public,pg_temp options=-c\tstatement_timeout=12345", Sessions::settings),
        Database.connected(Metadata::listed));
  }

  /** From the fifth execution it has a name on the server. */
  private static void preparedStatement(Connection connection) throws Exception {
    String sql = "SELECT day - ? FROM things WHERE id = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int id = 1; id <= 100; id += 1) {
        statement.setInt(1, id - 1);
        statement.setLong(2, id);
        try (ResultSet rows = statement.executeQuery()) {
          Report.same(rows.next(), true);
          Report.same(rows.getString(1), id % 11 == 0 ? null : "2024-01-01");
        }
      }
    }
  }

  private static void diagnosed(Connection connection) throws Exception {
    Map<String, String> wanted = Map.of(
        "SELECT id, nothing FROM things", "42703 12",
        "SELECT id FROM nothing", "42P01 16",
        "SELEC 1", "42601 1",
        "SELECT id FROM things WHERE 'ä' = name AND x = 1", "42703 44");
    for (Map.Entry<String, String> one : wanted.entrySet()) {
      String state = one.getValue().substring(0, 5);
      var refusal = Database.refused(state, () -> Database.execute(connection, one.getKey()));
      Report.same(state + " " + refusal.getServerErrorMessage().getPosition(), one.getValue());
      Database.goesOn(connection);
    }
  }

  private static void copyOut(Connection connection) throws Exception {
    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
    String rows = "COPY (SELECT id, price, name FROM things WHERE id BETWEEN 2 AND 5 ORDER BY id) TO STDOUT ";
    StringWriter text = new StringWriter();
    Report.same(copies.copyOut(rows, text), 4L);
    Report.same(text.toString(), "2\t-97.50\tO'Brien \"2\"\n3\t-96.25\t😀, 3\n4\t-95.00\tback\\\\slash 4\n5\t-93.75\t\\N\n");
    StringWriter csv = new StringWriter();
    copies.copyOut(rows + "WITH (FORMAT csv, HEADER, DELIMITER ';', NULL '-')", csv);
    Report.same(csv.toString(), "id;price;name\n2;-97.50;\"O'Brien \"\"2\"\"\"\n3;-96.25;😀, 3\n4;-95.00;back\\slash 4\n5;-93.75;-\n");
    ByteArrayOutputStream binary = new ByteArrayOutputStream();
    copies.copyOut("COPY (SELECT id FROM big) TO STDOUT WITH (FORMAT binary)", binary);
    Report.same((long) binary.size(), 19 + Database.BIG_ROWS * 14 + 2);
    Database.goesOn(connection);
  }

  private static void copyIn(Connection connection) throws Exception {
    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
    Database.execute(connection, "CREATE TEMP TABLE copied (id bigint, name text, day date)");
    Report.same(copies.copyIn("COPY copied FROM STDIN", new StringReader("1\tGröße\\t😀\t2024-02-29\n2\t\\N\t\\N\n")), 2L);
    byte[] csv = "day,id\n2024-01-01,3\n,4\n".getBytes(StandardCharsets.UTF_8);
    Report.same(copies.copyIn("COPY copied (day, id) FROM STDIN CSV HEADER", new ByteArrayInputStream(csv)), 2L);
    CopyIn canceled = copies.copyIn("COPY copied (id) FROM STDIN");
    canceled.writeToCopy("7\n".getBytes(StandardCharsets.UTF_8), 0, 2);
    canceled.cancelCopy();
    Database.refused("22P02", () -> {
      try {
        copies.copyIn("COPY copied (id) FROM STDIN", new StringReader("5\nsix\n"));
      } catch (java.io.IOException failure) {
        throw new IllegalStateException(failure);
      }
    });
    Report.same(Database.ask(connection, "SELECT concat_ws(' ', sum(id), count(name), count(day), min(name)) FROM copied"), "10 1 2 Größe\t😀");
    Database.goesOn(connection);
  }

  private Client() {}
}

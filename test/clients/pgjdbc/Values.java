import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Values on their way there and back. */
final class Values {
  static void rows(Connection connection) throws SQLException {
    String sql = "SELECT id, price, name, active, day, at FROM things WHERE id <= ? ORDER BY id";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, Database.THING_ROWS);
      try (ResultSet rows = statement.executeQuery()) {
        for (long id = 1; id <= Database.THING_ROWS; id += 1) {
          Report.same(rows.next(), true);
          List<Object> row = Arrays.asList(rows.getLong("id"), rows.getBigDecimal("price"), rows.getString("name"),
              rows.getObject("active", Boolean.class), rows.getObject("day", LocalDate.class), rows.getObject("at", LocalDateTime.class));
          Report.same(row, thing(id));
        }
        Report.same(rows.next(), false);
      }
    }
  }

  /** The formulas are those of data.ts. */
  private static List<Object> thing(long id) {
    String[] names = {"back\\slash " + id, "Größe " + id, "O'Brien \"" + id + "\"", "😀, " + id};
    LocalDate start = LocalDate.of(2024, 1, 1);
    return Arrays.asList(
        id,
        id % 13 == 0 ? null : BigDecimal.valueOf(id * 125 - 10_000, 2),
        id % 5 == 0 ? null : names[(int) (id % 4)],
        id % 7 == 0 ? null : (Object) (id % 2 == 0),
        id % 11 == 0 ? null : start.plusDays(id - 1),
        id % 17 == 0 ? null : start.atStartOfDay().plusSeconds(id * 3_607).plusNanos(id * 997_000));
  }

  static void untyped(Connection connection) throws SQLException {
    String sql = "SELECT id FROM things WHERE price = ? AND name = ? AND day = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, "-97.50");
      statement.setString(2, "O'Brien \"2\"");
      statement.setString(3, "2024-01-02");
      try (ResultSet rows = statement.executeQuery()) {
        Report.same(rows.next() ? rows.getLong(1) : 0, 2L);
      }
    }
  }

  static void everyKind(Connection connection) throws SQLException {
    List<Object> values = Arrays.asList(null, "Größe 😀 O'Brien\\", new BigDecimal("-1234567890123456789.0123456789"),
        LocalDate.of(2024, 2, 29), LocalDateTime.of(1969, 12, 31, 23, 59, 59, 123_456_000),
        new byte[] {0, 1, -2, -1, '\\', '\''}, true, Long.MIN_VALUE, 0.1,
        OffsetDateTime.of(2024, 2, 29, 12, 0, 0, 1_000, ZoneOffset.ofHours(2)));
    Class<?>[] classes = {String.class, String.class, BigDecimal.class, LocalDate.class, LocalDateTime.class,
        byte[].class, Boolean.class, Long.class, Double.class, OffsetDateTime.class};
    String sql = "SELECT ?::text, ?::text, ?::numeric(30,10), ?::date, ?::timestamp, ?::bytea, ?::boolean, ?::bigint, ?::float8, ?::timestamptz";
    for (String from : new String[] {"", " FROM things WHERE id = 1"}) {
      try (PreparedStatement statement = connection.prepareStatement(sql + from)) {
        statement.setNull(1, Types.VARCHAR);
        for (int index = 2; index <= values.size(); index += 1) statement.setObject(index, values.get(index - 1));
        try (ResultSet rows = statement.executeQuery()) {
          Report.same(rows.next(), true);
          for (int index = 1; index <= values.size(); index += 1) {
            Object wanted = values.get(index - 1);
            Object got = wanted instanceof byte[] ? rows.getBytes(index) : rows.getObject(index, classes[index - 1]);
            boolean sameInstant = wanted instanceof OffsetDateTime instant && got instanceof OffsetDateTime other && instant.isEqual(other);
            if (!sameInstant && !Objects.deepEquals(got, wanted)) {
              throw new AssertionError("$" + index + from + ": got " + got + " instead of " + wanted);
            }
          }
        }
      }
    }
  }

  static void arrays(Connection connection) throws SQLException {
    Array ids = connection.createArrayOf("int8", new Long[] {1L, 2L, 3L, 5000L});
    Array names = connection.createArrayOf("text", new String[] {"Größe 1", "O'Brien \"2\"", null, "NULL"});
    String sql = "SELECT count(*), array_agg(id ORDER BY id), (SELECT count(*) FROM things WHERE name = ANY (?)), ?::text[] FROM things WHERE id = ANY (?)";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setArray(1, names);
      statement.setArray(2, names);
      statement.setArray(3, ids);
      try (ResultSet rows = statement.executeQuery()) {
        Report.same(rows.next(), true);
        Report.same(rows.getLong(1), 3L);
        Report.same(List.of((Long[]) rows.getArray(2).getArray()), List.of(1L, 2L, 3L));
        Report.same(rows.getLong(3), 2L);
        Report.same(Arrays.asList((String[]) rows.getArray(4).getArray()), Arrays.asList("Größe 1", "O'Brien \"2\"", null, "NULL"));
      }
    }
  }

  static void emptyResult(Connection connection) throws SQLException {
    String sql = "SELECT id AS i, price, name, active, day, at FROM things WHERE id < 0";
    try (PreparedStatement statement = connection.prepareStatement(sql); ResultSet rows = statement.executeQuery()) {
      ResultSetMetaData columns = rows.getMetaData();
      StringBuilder said = new StringBuilder();
      for (int index = 1; index <= columns.getColumnCount(); index += 1) {
        said.append(columns.getColumnLabel(index)).append(' ').append(columns.getColumnTypeName(index)).append(' ');
        said.append(columns.getColumnClassName(index).replaceFirst(".*\\.", "")).append(',');
      }
      Report.same(said.toString(), "i int8 Long,price numeric BigDecimal,name text String,active bool Boolean,day date Date,at timestamp Timestamp,");
      Report.same(columns.getPrecision(2) + " " + columns.getScale(2), "12 2");
      Report.same(rows.next(), false);
    }
  }

  private Values() {}
}

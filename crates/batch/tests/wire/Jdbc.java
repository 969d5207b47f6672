import java.sql.*;
import java.time.OffsetDateTime;
import java.util.*;

/** What pgjdbc says of tables and keys, line by line, and statements that it prepares. */
public class Jdbc {
    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/headcount?user=headcount";
        try (Connection connection = DriverManager.getConnection(url)) {
            DatabaseMetaData about = connection.getMetaData();
            String[] kinds = {"TABLE"};
            show(about.getTables(null, "public", "%", kinds), "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE");
            show(about.getColumns(connection.getCatalog(), "public", "%s", "%"), "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE",
                "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "NULLABLE", "COLUMN_DEF", "ORDINAL_POSITION", "IS_NULLABLE");
            for (String table : List.of("rsvps", "rsvp_versions", "group_topics", "events", "venues")) {
                show(about.getPrimaryKeys(null, "public", table), "TABLE_NAME", "COLUMN_NAME", "KEY_SEQ", "PK_NAME");
                show(about.getImportedKeys(null, "public", table), "PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME",
                    "FKCOLUMN_NAME", "KEY_SEQ", "UPDATE_RULE", "DELETE_RULE", "FK_NAME", "PK_NAME");
                show(about.getExportedKeys(null, "public", table), "FKTABLE_NAME", "FKCOLUMN_NAME", "FK_NAME");
                show(about.getIndexInfo(null, "public", table, true, false), "INDEX_NAME", "ORDINAL_POSITION", "COLUMN_NAME",
                    "NON_UNIQUE", "ASC_OR_DESC");
            }
            about.getCatalogs().close();
            System.out.println(about.getDatabaseMajorVersion() + " " + about.getMaxColumnNameLength());
            about.getSchemas().close();
            about.getTypeInfo().close();
            prepared(connection);
            connection.setAutoCommit(false);
            parts(connection);
            connection.rollback();
            transactions(connection);
        }
    }

    /** The same statement often enough that the driver prepares it on the server, and takes binary values. */
    static void prepared(Connection connection) throws SQLException {
        String sql = "SELECT ?::bigint + 1, ?::text, ?::float8, ?::boolean, ?, ?::timestamptz, ?::date";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int time = 0; time < 8; time++) {
                statement.setLong(1, time);
                statement.setString(2, "it's \\ é");
                statement.setDouble(3, 1.5);
                statement.setBoolean(4, time % 2 == 0);
                statement.setBigDecimal(5, new java.math.BigDecimal("12345.678"));
                statement.setObject(6, OffsetDateTime.parse("2017-03-14T10:00:00.5Z"));
                statement.setObject(7, java.time.LocalDate.parse("2017-03-14"));
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    System.out.println(rows.getLong(1) + " " + rows.getString(2) + " " + rows.getDouble(3) + " " + rows.getBoolean(4)
                        + " " + rows.getBigDecimal(5) + " " + rows.getObject(6, OffsetDateTime.class) + " "
                        + rows.getObject(7, java.time.LocalDate.class));
                    ResultSetMetaData columns = rows.getMetaData();
                    for (int at = 1; at <= columns.getColumnCount(); at++) {
                        System.out.print(columns.getColumnTypeName(at) + " ");
                    }
                    System.out.println();
                }
            }
        }
        try (PreparedStatement statement = connection.prepareStatement("SELECT count(*) > -1 FROM rsvps WHERE response = ? AND guests >= ? LIMIT ?")) {
            statement.setString(1, "yes");
            statement.setInt(2, 0);
            statement.setInt(3, 10);
            ParameterMetaData parameters = statement.getParameterMetaData();
            System.out.println(parameters.getParameterCount());
            show(statement.executeQuery());
        }
    }

    /** Rows in parts of seven. */
    static void parts(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(7);
            ResultSet rows = statement.executeQuery("SELECT x FROM generate_series(1, 30) AS s(x) ORDER BY x");
            long sum = 0;
            while (rows.next()) {
                sum += rows.getLong(1);
            }
            System.out.println(sum);
        }
    }

    static void transactions(Connection connection) throws SQLException {
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        System.out.println(connection.getTransactionIsolation());
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT * FROM nowhere");
        } catch (SQLException error) {
            System.out.println(error.getSQLState());
        }
        connection.rollback();
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("DELETE FROM rsvps");
        } catch (SQLException error) {
            System.out.println(error.getSQLState());
        }
        connection.rollback();
        System.out.println(connection.isValid(5));
    }

    /** Columns of all rows, or all columns. */
    static void show(ResultSet rows, String... columns) throws SQLException {
        List<String> lines = new ArrayList<>();
        while (rows.next()) {
            StringBuilder line = new StringBuilder();
            for (String column : columns) {
                line.append(rows.getString(column)).append('|');
            }
            for (int at = 1; columns.length == 0 && at <= rows.getMetaData().getColumnCount(); at++) {
                line.append(rows.getString(at)).append('|');
            }
            lines.add(line.toString());
        }
        // Names sort otherwise where a language has an order of its own.
        Collections.sort(lines);
        lines.forEach(System.out::println);
        System.out.println("--");
    }
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	clients "bucketgres.test/clients"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

var committed = connected(func(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	var mode, level string
	err = errors.Join(tx.QueryRow(ctx, "SHOW transaction_read_only").Scan(&mode), tx.QueryRow(ctx, "SHOW transaction_isolation").Scan(&level))
	if err := errors.Join(err, goesOn(ctx, conn), tx.Commit(ctx)); err != nil {
		return err
	}
	if err := clients.Want("the mode", mode+" "+level, "on repeatable read"); err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SET application_name = 'kept'")
		return err
	})
	if err != nil {
		return err
	}
	return errors.Join(shows(ctx, conn, "application_name", "kept"), clients.Want("the status", string(conn.PgConn().TxStatus()), "I"))
})

var failed = connected(func(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	_, wrong := tx.Exec(ctx, "SELECT nothing FROM things")
	_, after := tx.Exec(ctx, "SELECT id FROM things")
	status := string(conn.PgConn().TxStatus())
	return errors.Join(refused(wrong, "42703"), refused(after, "25P02"), clients.Want("the status", status, "E"), tx.Rollback(ctx), goesOn(ctx, conn))
})

var savepoint = connected(func(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	// A transaction in a transaction is a savepoint.
	inner, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	_, wrong := inner.Exec(ctx, "SELECT nothing FROM things")
	return errors.Join(refused(wrong, "42703"), inner.Rollback(ctx), goesOn(ctx, conn), tx.Commit(ctx), goesOn(ctx, conn))
})

var copyOut = connected(func(ctx context.Context, conn *pgx.Conn) error {
	for options, wanted := range map[string]string{
		"": "1\t-98.75\tGröße 1\tf\n2\t-97.50\tO'Brien \"2\"\tt\n3\t-96.25\t😀, 3\tf\n4\t-95.00\tback\\\\slash 4\tt\n5\t-93.75\t\\N\tf\n",
		"WITH (FORMAT csv, HEADER)": "id,price,name,active\n1,-98.75,Größe 1,f\n2,-97.50,\"O'Brien \"\"2\"\"\",t\n3,-96.25,\"😀, 3\",f\n" +
			"4,-95.00,back\\slash 4,t\n5,-93.75,,f\n",
	} {
		var copied bytes.Buffer
		tag, err := conn.PgConn().CopyTo(ctx, &copied, "COPY (SELECT id, price, name, active FROM things WHERE id <= 5 ORDER BY id) TO STDOUT "+options)
		if err := errors.Join(err, clients.Want("the copy", copied.String(), wanted), clients.Want("the tag", tag, "COPY 5")); err != nil {
			return err
		}
	}
	return goesOn(ctx, conn)
})

var copyIn = connected(func(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "CREATE TEMP TABLE copied (id bigint, name text, day date, price numeric(12,2))"); err != nil {
		return err
	}
	tag, err := conn.PgConn().CopyFrom(ctx, strings.NewReader("1\tGröße\t2024-02-29\t1.50\n2\t\\N\t\\N\t\\N\n"), "COPY copied FROM STDIN")
	if err := errors.Join(err, clients.Want("the tag", tag, "COPY 2")); err != nil {
		return err
	}
	// pgx's own CopyFrom is COPY's binary format.
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	rows := pgx.CopyFromSlice(5000, func(index int) ([]any, error) {
		return []any{int64(index + 3), "😀", day, "2.25"}, nil
	})
	count, err := conn.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"id", "name", "day", "price"}, rows)
	if err := errors.Join(err, clients.Want("rows copied", count, 5000)); err != nil {
		return err
	}
	var printed string
	err = conn.QueryRow(ctx, "SELECT concat_ws(' ', count(*), sum(id), count(name), min(day), sum(price)) FROM copied").Scan(&printed)
	if err := errors.Join(err, clients.Want("the table", printed, "5002 12512503 5001 2024-02-29 11251.50")); err != nil {
		return err
	}
	broken := pgx.CopyFromFunc(func() ([]any, error) { return nil, errors.New("no more") })
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"id", "name", "day", "price"}, broken); err == nil {
		return errors.New("a copy that the client gave up went well")
	}
	return goesOn(ctx, conn)
})

var temporaryTable = connected(func(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "CREATE TEMP TABLE notes (id int, body text)"); err != nil {
		return err
	}
	tag, err := conn.Exec(ctx, "INSERT INTO notes VALUES ($1, $2), ($3, $4)", 1, "ä", 2, nil)
	if err := errors.Join(err, clients.Want("the tag", tag, "INSERT 0 2")); err != nil {
		return err
	}
	var body *string
	err = conn.QueryRow(ctx, "SELECT n.body FROM notes n JOIN things t USING (id) ORDER BY n.id").Scan(&body)
	if err != nil || body == nil || *body != "ä" {
		return fmt.Errorf("the note: %v %v", body, err)
	}
	_, err = conn.Exec(ctx, "DROP TABLE notes")
	return err
})

var canceled = connected(func(ctx context.Context, conn *pgx.Conn) error {
	for _, sql := range []string{"SELECT pg_sleep(60)", clients.SlowQuery} {
		timer := time.AfterFunc(300*time.Millisecond, func() { _ = conn.PgConn().CancelRequest(ctx) })
		_, err := conn.Exec(ctx, sql)
		timer.Stop()
		if err := errors.Join(refused(err, "57014"), goesOn(ctx, conn)); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	// A context that ends can send the request by itself.
	config := conn.Config()
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: 10 * time.Second}
	}
	watched, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer watched.Close(ctx)
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err = watched.Exec(short, clients.SlowQuery)
	return errors.Join(refused(err, "57014"), goesOn(ctx, watched))
})

var timedOut = connected(func(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "SET statement_timeout = '200ms'"); err != nil {
		return err
	}
	for _, sql := range []string{"SELECT pg_sleep(60)", clients.SlowQuery} {
		if _, err := conn.Exec(ctx, sql); refused(err, "57014") != nil {
			return fmt.Errorf("%s: %w", sql, refused(err, "57014"))
		}
	}
	_, err := conn.Exec(ctx, "RESET statement_timeout")
	return errors.Join(err, goesOn(ctx, conn))
})

func settings(ctx context.Context) error {
	conn, err := connect(ctx, "sslmode=require application_name=twenty-five search_path=public,pg_temp options='-c statement_timeout=12345'")
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	err = errors.Join(shows(ctx, conn, "application_name", "twenty-five"), shows(ctx, conn, "search_path", "public,pg_temp"),
		shows(ctx, conn, "statement_timeout", "12345ms"))
	if err != nil {
		return err
	}
	for _, sql := range []string{"SET application_name = 'another'", "SET search_path TO public", "SET TIME ZONE 'Europe/Vienna'"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return errors.Join(shows(ctx, conn, "application_name", "another"), shows(ctx, conn, "search_path", "public"), shows(ctx, conn, "timezone", "Europe/Vienna"),
		clients.Want("ParameterStatus", conn.PgConn().ParameterStatus("application_name")+" "+conn.PgConn().ParameterStatus("TimeZone"), "another Europe/Vienna"),
		goesOn(ctx, conn))
}

func shows(ctx context.Context, conn *pgx.Conn, name, wanted string) error {
	var shown string
	err := conn.QueryRow(ctx, "SHOW "+name).Scan(&shown)
	return errors.Join(err, clients.Want(name, shown, wanted))
}

var metadata = connected(func(ctx context.Context, conn *pgx.Conn) error {
	var columns string
	err := conn.QueryRow(ctx, `SELECT string_agg(c.table_name || '.' || c.column_name || ' ' || c.data_type, ',' ORDER BY c.table_name, c.ordinal_position)
		FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE table_schema = $1 AND t.table_type = 'BASE TABLE'`, "public").Scan(&columns)
	wanted := "big.id bigint,big.label text,things.id bigint,things.price numeric,things.name text,things.active boolean,things.day date," +
		"things.at timestamp without time zone"
	if err := errors.Join(err, clients.Want("the columns", columns, wanted)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "INSERT INTO things (id) VALUES ($1)", 5000)
	return errors.Join(refused(err, "25006"), goesOn(ctx, conn))
})

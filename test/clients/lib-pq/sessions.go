package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	clients "bucketgres.test/clients"
)

var committed = connected(func(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	err = errors.Join(shows(ctx, conn, "transaction_read_only", "on"), shows(ctx, conn, "transaction_isolation", "repeatable read"), tx.Commit())
	if err != nil {
		return err
	}
	if tx, err = conn.BeginTx(ctx, nil); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "SET application_name = 'kept'")
	return errors.Join(err, tx.Commit(), shows(ctx, conn, "application_name", "kept"), shows(ctx, conn, "transaction_read_only", "off"))
})

var failed = connected(func(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, wrong := tx.ExecContext(ctx, "SELECT nothing FROM things")
	_, after := tx.ExecContext(ctx, "SELECT id FROM things")
	return errors.Join(refused(wrong, "42703"), refused(after, "25P02"), tx.Rollback(), goesOn(ctx, conn))
})

var savepoint = connected(func(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	_, err = tx.ExecContext(ctx, "SAVEPOINT before")
	_, wrong := tx.ExecContext(ctx, "SELECT nothing FROM things")
	_, back := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT before")
	return errors.Join(err, refused(wrong, "42703"), back, goesOn(ctx, conn), tx.Commit(), goesOn(ctx, conn))
})

var temporaryTable = connected(func(ctx context.Context, conn *sql.Conn) error {
	if err := run(ctx, conn, "CREATE TEMP TABLE notes (id int, body text)"); err != nil {
		return err
	}
	result, err := conn.ExecContext(ctx, "INSERT INTO notes VALUES ($1, $2), ($3, $4)", 1, "ä", 2, nil)
	if err != nil {
		return err
	}
	count, err := result.RowsAffected()
	if err := errors.Join(err, clients.Want("rows inserted", count, 2)); err != nil {
		return err
	}
	body, err := query[string](ctx, conn, "SELECT n.body FROM notes n JOIN things t USING (id) ORDER BY n.id")
	return errors.Join(err, clients.Want("the note", body, "ä"), run(ctx, conn, "DROP TABLE notes"))
})

// lib/pq leaves a connection whose statement it canceled, and its pool opens another.
func canceled(ctx context.Context) error {
	pool, err := the.open("sslmode=require")
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, statement := range []string{"SELECT pg_sleep(60)", clients.SlowQuery} {
		short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
		_, err := pool.ExecContext(short, statement)
		stop()
		if err := refused(err, "57014"); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return goesOn(ctx, conn)
}

var timedOut = connected(func(ctx context.Context, conn *sql.Conn) error {
	if err := run(ctx, conn, "SET statement_timeout = '200ms'"); err != nil {
		return err
	}
	for _, statement := range []string{"SELECT pg_sleep(60)", clients.SlowQuery} {
		if err := refused(run(ctx, conn, statement), "57014"); err != nil {
			return err
		}
	}
	return errors.Join(run(ctx, conn, "RESET statement_timeout"), goesOn(ctx, conn))
})

var settings = with("sslmode=require application_name=twenty-five search_path=public,pg_temp", func(ctx context.Context, conn *sql.Conn) error {
	err := errors.Join(shows(ctx, conn, "application_name", "twenty-five"), shows(ctx, conn, "search_path", "public,pg_temp"),
		run(ctx, conn, "SET application_name = 'another'", "SET search_path TO public", "SET TIME ZONE 'Europe/Vienna'"))
	return errors.Join(err, shows(ctx, conn, "application_name", "another"), shows(ctx, conn, "search_path", "public"),
		shows(ctx, conn, "timezone", "Europe/Vienna"), goesOn(ctx, conn))
})

var metadata = connected(func(ctx context.Context, conn *sql.Conn) error {
	columns, err := query[string](ctx, conn, `SELECT string_agg(table_name || '.' || column_name || ' ' || data_type, ',' ORDER BY table_name, ordinal_position)
		FROM information_schema.columns WHERE table_schema = $1`, "public")
	wanted := "big.id bigint,big.label text,things.id bigint,things.price numeric,things.name text,things.active boolean,things.day date," +
		"things.at timestamp without time zone"
	if err := errors.Join(err, clients.Want("the columns", columns, wanted)); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "INSERT INTO things (id) VALUES ($1)", 5000)
	return errors.Join(refused(err, "25006"), goesOn(ctx, conn))
})

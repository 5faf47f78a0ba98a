package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	clients "bucketgres.test/clients"
	"github.com/lib/pq"
)

var preparedStatement = connected(func(ctx context.Context, conn *sql.Conn) error {
	statement, err := conn.PrepareContext(ctx, "SELECT day - $2::int FROM things WHERE id = $1")
	if err != nil {
		return err
	}
	for id := int64(1); id <= 100; id++ {
		var day sql.NullTime
		if err := statement.QueryRowContext(ctx, id, id-1).Scan(&day); err != nil {
			return err
		}
		if day.Valid == (id%11 == 0) || day.Valid && day.Time.Format(time.DateOnly) != "2024-01-01" {
			return fmt.Errorf("row %d has the day %v", id, day)
		}
	}
	return statement.Close()
})

var streamed = connected(func(ctx context.Context, conn *sql.Conn) error {
	count, sum, err := add(conn.QueryContext(ctx, "SELECT id FROM big"))
	if err := errors.Join(err, clients.Want("rows", count, clients.BigRows), clients.Want("the sum", sum, clients.BigSum)); err != nil {
		return err
	}
	// Neither driver has a fetch size: who wants one declares a cursor.
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "DECLARE pages CURSOR FOR SELECT id FROM big"); err != nil {
		return err
	}
	count, sum = 0, 0
	for {
		rows, part, err := add(tx.QueryContext(ctx, "FETCH 7000 FROM pages"))
		if err != nil {
			return err
		}
		if rows == 0 {
			break
		}
		count, sum = count+rows, sum+part
	}
	return errors.Join(clients.Want("rows of the cursor", count, clients.BigRows), clients.Want("the sum of the cursor", sum, clients.BigSum))
})

func add(rows *sql.Rows, err error) (count, sum int64, _ error) {
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return 0, 0, err
		}
		count, sum = count+1, sum+id
	}
	return count, sum, rows.Err()
}

var abandoned = connected(func(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, "SELECT id, label FROM big")
	if err != nil {
		return err
	}
	for range 10 {
		if !rows.Next() {
			return errors.New("there are fewer than 10 rows")
		}
	}
	return errors.Join(rows.Close(), goesOn(ctx, conn))
})

var diagnosed = connected(func(ctx context.Context, conn *sql.Conn) error {
	for statement, wanted := range map[string]string{
		"SELECT id, nothing FROM things": "42703 12",
		"SELECT id FROM nothing":         "42P01 16",
		"SELEC 1":                        "42601 1",
		"SELECT id FROM things WHERE 'ä' = name AND x = 1": "42703 44",
	} {
		_, err := conn.ExecContext(ctx, statement)
		code, position := the.diagnosis(err)
		if err := errors.Join(clients.Want(statement, code+" "+position, wanted), goesOn(ctx, conn)); err != nil {
			return err
		}
	}
	return nil
})

// What stands in one string goes as one Query message.
var severalStatements = simply(func(ctx context.Context, conn *sql.Conn) error {
	if err := run(ctx, conn, "SET application_name = 'several'; SELECT id FROM things; SET search_path TO public"); err != nil {
		return err
	}
	if err := errors.Join(shows(ctx, conn, "application_name", "several"), shows(ctx, conn, "search_path", "public")); err != nil {
		return err
	}
	if the.name != "lib/pq" {
		return nil
	}
	rows, err := conn.QueryContext(ctx, "SELECT 1; SELECT id + 1 FROM things WHERE id = 1; SELECT 3")
	if err != nil {
		return err
	}
	defer rows.Close()
	var answers []int64
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var answer int64
			if err := rows.Scan(&answer); err != nil {
				return err
			}
			answers = append(answers, answer)
		}
	}
	return errors.Join(rows.Err(), clients.Want("the answers", printed(answers), "1 2 3"))
})

// database/sql has no pipeline; the statements of one string are its batch.
var brokenPipeline = simply(func(ctx context.Context, conn *sql.Conn) error {
	err := run(ctx, conn, "SET application_name = 'lost'; SELECT nothing FROM things; SET application_name = 'never'")
	if err := errors.Join(refused(err, "42703"), goesOn(ctx, conn)); err != nil {
		return err
	}
	name, err := query[string](ctx, conn, "SHOW application_name")
	if name == "lost" || name == "never" {
		return fmt.Errorf("the application's name is %q: the batch was no transaction", name)
	}
	return err
})

func simply(do func(context.Context, *sql.Conn) error) clients.Thing {
	return func(ctx context.Context) error {
		if the.name == "lib/pq" {
			return connected(do)(ctx)
		}
		return with("sslmode=require default_query_exec_mode=simple_protocol", do)(ctx)
	}
}

func copyOut(context.Context) error {
	return clients.Skip("database/sql has no way to receive a COPY")
}

func copyIn(ctx context.Context) error {
	if the.name != "lib/pq" {
		return clients.Skip("pgx copies through its own interface only")
	}
	return connected(func(ctx context.Context, conn *sql.Conn) error {
		if err := run(ctx, conn, "CREATE TEMP TABLE copied (id bigint, name text, day date)"); err != nil {
			return err
		}
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		statement, err := tx.PrepareContext(ctx, "COPY copied (id, name, day) FROM STDIN")
		if err != nil {
			return err
		}
		for id := range 5000 {
			var name any = "Größe\t\\😀\n"
			if id == 0 {
				name = nil
			}
			if _, err := statement.ExecContext(ctx, id, name, "2024-02-29"); err != nil {
				return err
			}
		}
		result, err := statement.ExecContext(ctx)
		if err != nil {
			return err
		}
		count, err := result.RowsAffected()
		if err := errors.Join(err, clients.Want("rows copied", count, 5000), statement.Close(), tx.Commit()); err != nil {
			return err
		}
		found, err := query[int64](ctx, conn, "SELECT count(*) FROM copied WHERE name = $1 AND day = $2", "Größe\t\\😀\n", pq.FormatTimestamp(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)))
		return errors.Join(err, clients.Want("rows found", found, 4999), goesOn(ctx, conn))
	})(ctx)
}

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
)

var preparedStatement = connected(func(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Prepare(ctx, "by_id", "SELECT day - $2::int FROM things WHERE id = $1"); err != nil {
		return err
	}
	for id := int64(1); id <= 100; id++ {
		var day *time.Time
		if err := conn.QueryRow(ctx, "by_id", id, id-1).Scan(&day); err != nil {
			return err
		}
		if (day == nil) != (id%11 == 0) || day != nil && day.Format(time.DateOnly) != "2024-01-01" {
			return fmt.Errorf("row %d has the day %v", id, day)
		}
	}
	return conn.Deallocate(ctx, "by_id")
})

var streamed = connected(func(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, "SELECT id FROM big")
	if err != nil {
		return err
	}
	count, sum, err := add(rows)
	if err := errors.Join(err, clients.Want("rows", count, clients.BigRows), clients.Want("the sum", sum, clients.BigSum)); err != nil {
		return err
	}
	// pgx has no fetch size of its own: who wants one declares a cursor.
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "DECLARE pages CURSOR FOR SELECT id FROM big"); err != nil {
		return err
	}
	count, sum = 0, 0
	for {
		rows, err := tx.Query(ctx, "FETCH 7000 FROM pages")
		if err != nil {
			return err
		}
		rowsOfPage, sumOfPage, err := add(rows)
		if err != nil {
			return err
		}
		count, sum = count+rowsOfPage, sum+sumOfPage
		if rowsOfPage == 0 {
			break
		}
	}
	return errors.Join(clients.Want("rows of the cursor", count, clients.BigRows), clients.Want("the sum of the cursor", sum, clients.BigSum))
})

func add(rows pgx.Rows) (count, sum int64, err error) {
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		count, sum = count+1, sum+id
		return nil
	})
	return count, sum, err
}

var abandoned = connected(func(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, "SELECT id, label FROM big")
	if err != nil {
		return err
	}
	for range 10 {
		if !rows.Next() {
			return errors.New("there are fewer than 10 rows")
		}
	}
	rows.Close()
	if err := goesOn(ctx, conn); err != nil {
		return err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	for _, sql := range []string{"DECLARE pages CURSOR FOR SELECT id FROM big", "FETCH 10 FROM pages", "CLOSE pages"} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return goesOn(ctx, conn)
})

var diagnosed = connected(func(ctx context.Context, conn *pgx.Conn) error {
	for sql, wanted := range map[string]string{
		"SELECT id, nothing FROM things":  "42703 12",
		"SELECT id FROM nothing":          "42P01 16",
		"SELEC 1":                         "42601 1",
		"SELECT name + 1 FROM nothing, x": "42P01 22",
	} {
		_, err := conn.Exec(ctx, sql)
		var refusal *pgconn.PgError
		if !errors.As(err, &refusal) {
			return fmt.Errorf("%s: %v", sql, err)
		}
		if err := errors.Join(clients.Want(sql, fmt.Sprint(refusal.Code, " ", refusal.Position), wanted), goesOn(ctx, conn)); err != nil {
			return err
		}
	}
	return nil
})

var severalStatements = connected(func(ctx context.Context, conn *pgx.Conn) error {
	results, err := conn.PgConn().Exec(ctx, "SELECT 1; SELECT id FROM things WHERE id <= 2 ORDER BY id; SELECT 'x' AS y").ReadAll()
	if err != nil {
		return err
	}
	printed := ""
	for _, result := range results {
		printed += fmt.Sprintf("%s %s;", result.CommandTag, bytes.Join(flat(result.Rows), []byte(",")))
	}
	if err := clients.Want("the results", printed, "SELECT 1 1;SELECT 2 1,2;SELECT 1 x;"); err != nil {
		return err
	}
	var batch pgx.Batch
	var ids []int64
	for id := range int64(50) {
		batch.Queue("SELECT id FROM things WHERE id = $1", id+1).QueryRow(func(row pgx.Row) error {
			var found int64
			err := row.Scan(&found)
			ids = append(ids, found)
			return err
		})
	}
	if err := conn.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	return errors.Join(clients.Want("the batch's answers", len(ids), 50), clients.Want("the last", ids[49], 50))
})

func flat(rows [][][]byte) (values [][]byte) {
	for _, row := range rows {
		values = append(values, row...)
	}
	return values
}

var brokenPipeline = connected(func(ctx context.Context, conn *pgx.Conn) error {
	var batch pgx.Batch
	batch.Queue("SELECT id FROM things WHERE id = 1")
	batch.Queue("SELECT 1 / (id - 1) FROM things WHERE id = $1 AND CAST(name AS integer) > 0", 1)
	batch.Queue("SELECT id FROM things WHERE id = 3")
	results := conn.SendBatch(ctx, &batch)
	_, first := results.Exec()
	_, second := results.Exec()
	_, third := results.Exec()
	results.Close()
	if err := errors.Join(first, refused(second, "22P02"), goesOn(ctx, conn)); err != nil {
		return err
	}
	if third == nil {
		return errors.New("the statement after the error was run")
	}
	// Each Sync is an end of its own: what comes after it is not lost.
	pipeline := conn.PgConn().StartPipeline(ctx)
	for _, sql := range []string{"SELECT 1", "SELECT nothing", "SELECT 3"} {
		pipeline.SendQueryParams(sql, nil, nil, nil, nil)
		if err := pipeline.Sync(); err != nil {
			return err
		}
	}
	var said []string
	for len(said) < 6 {
		switch result, err := pipeline.GetResults(); answer := result.(type) {
		case nil:
			if err == nil {
				return fmt.Errorf("the pipeline ended after %v", said)
			}
			if refusal := refused(err, "42703"); refusal != nil {
				return refusal
			}
			said = append(said, "42703")
		case *pgconn.ResultReader:
			said = append(said, string(bytes.Join(flat(answer.Read().Rows), nil)))
		case *pgconn.PipelineSync:
			said = append(said, "sync")
		default:
			return fmt.Errorf("the pipeline said %T", answer)
		}
	}
	return errors.Join(pipeline.Close(), clients.Want("the pipeline", strings.Join(said, " "), "1 sync 42703 sync 3 sync"), goesOn(ctx, conn))
})

package clients

import (
	"fmt"
	"strings"
	"time"
)

// Row says how row id of the table things prints; the formulas are those of data.ts.
func Row(id int64) string {
	price, name, active, day, at := "NULL", "NULL", "NULL", "NULL", "NULL"
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	if id%13 != 0 {
		price = fmt.Sprintf("%.2f", float64(id)*1.25-100)
	}
	if id%5 != 0 {
		formats := [...]string{`back\slash %d`, `Größe %d`, `O'Brien "%d"`, `😀, %d`}
		name = fmt.Sprintf(formats[id%4], id)
	}
	if id%7 != 0 {
		active = fmt.Sprint(id%2 == 0)
	}
	if id%11 != 0 {
		day = start.AddDate(0, 0, int(id-1)).Format(time.DateOnly)
	}
	if id%17 != 0 {
		seconds := time.Duration(id*3607) * time.Second
		at = start.Add(seconds + time.Duration(id*997)*time.Microsecond).Format(Timestamp)
	}
	return Line(id, price, name, active, day, at)
}

// Timestamp is how a timestamp prints in a Row.
const Timestamp = "2006-01-02 15:04:05.000000"

// Line joins values as Row does.
func Line(values ...any) string {
	printed := make([]string, len(values))
	for index, value := range values {
		printed[index] = fmt.Sprint(value)
	}
	return strings.Join(printed, "|")
}

// The table things' rows that are compared, and what the table big adds up to.
const (
	ThingRows int64 = 1000
	BigRows   int64 = 100_000
	BigSum    int64 = BigRows * (BigRows + 1) / 2
)

// SlowQuery takes far longer than any thing waits; the engine has to count it out.
const SlowQuery = "SELECT count(*) FROM big a CROSS JOIN big b CROSS JOIN big c WHERE a.id + b.id + c.id < 0"

// Package clients runs the 25 things that every client does and says how each of them went.
package clients

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// Thing is one of the 25; it opens what it needs and leaves nothing behind.
type Thing func(context.Context) error

// Skip is what a thing answers that the client cannot do.
type Skip string

func (why Skip) Error() string { return string(why) }

// What waits longer than this waits for ever.
const patience = 60 * time.Second

// The names are those of things.ts, in its order.
var names = [...]string{
	"connect by SCRAM over TLS",
	"connect without TLS",
	"wrong password is 28P01",
	"typed rows",
	"parameters by text format",
	"binary results",
	"parameters of every kind",
	"arrays as parameter and as result",
	"a prepared statement run 100 times",
	"100,000 rows streamed",
	"a stream abandoned in the middle",
	"a transaction committed",
	"a failed transaction",
	"a savepoint rolled back to",
	"errors with SQLSTATE and position",
	"an empty result has its columns",
	"several statements at once",
	"a pipeline with an error in the middle",
	"COPY TO STDOUT",
	"COPY FROM STDIN into a temporary table",
	"a temporary table",
	"cancel of a running query",
	"statement_timeout",
	"SET, SHOW, application_name, search_path",
	"tables and columns listed, INSERT refused",
}

// Run does all things, one after the other, and prints a line for each.
func Run(client, module string, things [len(names)]Thing) {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintf(out, "# client %s %s\n", client, version(module))
	for index, thing := range things {
		err := attempt(thing)
		var skip Skip
		switch line := fmt.Sprintf("%d %s", index+1, names[index]); {
		case err == nil:
			fmt.Fprintf(out, "ok %s\n", line)
		case errors.As(err, &skip):
			fmt.Fprintf(out, "skip %s: %s\n", line, skip)
		default:
			fmt.Fprintf(out, "not ok %s: %s\n", line, strings.Join(strings.Fields(err.Error()), " "))
		}
		out.Flush()
	}
}

func attempt(thing Thing) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("it panicked: %v", panicked)
		}
	}()
	return thing(ctx)
}

func version(module string) string {
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range build.Deps {
			if dependency.Path == module {
				return strings.TrimPrefix(dependency.Version, "v")
			}
		}
	}
	return "of an unknown version"
}

// Want compares what came with what was wanted, as Go prints both.
func Want(what string, got, wanted any) error {
	if g, w := fmt.Sprintf("%v", got), fmt.Sprintf("%v", wanted); g != w {
		return fmt.Errorf("%s: got %s, not %s", what, g, w)
	}
	return nil
}

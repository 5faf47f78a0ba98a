# DBD::Pg: prepares on the server, binds with types, and has COPY and asynchronous queries of its own.
use strict;
use warnings;
use utf8;
use DBI;
use DBD::Pg qw(:pg_types :async);
binmode STDOUT, ":utf8";
$| = 1;

my $SLOW = "SELECT count(*) FROM big a CROSS JOIN big b CROSS JOIN big c WHERE a.id + b.id + c.id < 0";
print "# client DBD::Pg $DBD::Pg::VERSION (DBI $DBI::VERSION)\n";

# The password, host and database are in the environment.
sub connect_with {
    my ($options, $password) = @_;
    my $db = DBI->connect("dbi:Pg:" . ($options // "sslmode=verify-ca"), $ENV{PGUSER}, $password // $ENV{PGPASSWORD},
        { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
    return $db;
}

sub text {
    my ($value) = @_;
    return ref $value ? "[" . join(",", map { text($_) } @$value) . "]" : $value // "~";
}

sub same {
    my ($got, $expected) = @_;
    my ($left, $right) = (text($got), text($expected));
    die "got $left instead of $right\n" if $left ne $right;
}

sub rows { my ($db, $sql, @values) = @_; return $db->selectall_arrayref($sql, undef, @values); }

sub state_of {
    my ($db, $work) = @_;
    eval { $work->(); 1 } and return "it succeeded";
    return $db->state || $@;
}

sub thing {
    my ($number, $work, $options) = @_;
    my $db;
    if (eval { $db = connect_with($options); $work->($db); 1 }) { print "ok $number\n"; }
    else { (my $reason = $@) =~ s/\s+/ /g; print "not ok $number $reason\n"; }
    eval { $db->disconnect } if $db;
}

thing 1, sub { same rows($_[0], "SELECT count(*) FROM things"), [[1000]] }, "sslmode=verify-ca;channel_binding=require";
thing 2, sub { same rows($_[0], "SELECT 1"), [[1]] }, "sslmode=disable";
thing 3, sub {
    eval { connect_with("sslmode=require", "wrong"); 1 } and die "it succeeded\n";
    # Before the session DBD::Pg knows no SQLSTATE but 08006: the message is what there is.
    die $DBI::errstr unless $DBI::errstr =~ /password authentication failed/;
};
thing 4, sub {
    my ($db) = @_;
    same rows($db, "SELECT * FROM things WHERE id IN (1, 2, 65) ORDER BY id"), [
        [1, "-98.75", "Größe 1", 0, "2024-01-01", "2024-01-01 01:00:07.000997"],
        [2, "-97.50", "O'Brien \"2\"", 1, "2024-01-02", "2024-01-01 02:00:14.001994"],
        [65, undef, undef, 0, "2024-03-05", "2024-01-03 17:07:35.064805"],
    ];
};
thing 5, sub {
    my $sql = "SELECT id FROM things WHERE id < ? AND name LIKE ? AND day = ? AND price < ?";
    same rows($_[0], $sql, 3, "Gr%", "2024-01-01", 0.5), [[1]];
};
print "skip 6 it asks for text only\n";
thing 7, sub {
    my ($db) = @_;
    my $statement = $db->prepare("SELECT ?::text, ?::text, ?::numeric, ?::date, ?::timestamp, ?::bytea, ?::boolean, ?::bigint");
    my @values = (undef, "Ünï 😀 'x' \\ \"y\"", "12345678901234567890.0123456789", "2024-02-29",
        "2024-02-29 12:34:56.789012", "\0\1\\'\xff", 1, "9223372036854775807");
    $statement->bind_param($_ + 1, $values[$_], $_ == 5 ? { pg_type => PG_BYTEA } : undef) for 0 .. $#values;
    $statement->execute;
    same $statement->fetchall_arrayref, [\@values];
};
thing 8, sub {
    my ($db) = @_;
    same rows($db, "SELECT id FROM things WHERE id = ANY(?) ORDER BY id", [3, 1, 2000]), [[1], [3]];
    my $names = ["O'Brien \"2\"", "😀, 3", undef];
    same rows($db, "SELECT ?::text[], ARRAY[1, 2]", $names), [[$names, [1, 2]]];
};
thing 9, sub {
    my ($db) = @_;
    my $statement = $db->prepare("SELECT label FROM big WHERE id = ?");
    for my $id (1 .. 100) {
        $statement->execute($id);
        same $statement->fetchall_arrayref, [["label $id"]];
    }
    same $statement->{pg_prepare_now} // 0, 0;
};
thing 10, sub {
    my ($db) = @_;
    $db->begin_work;
    $db->do("DECLARE pages CURSOR FOR SELECT id FROM big");
    my ($count, $sum) = (0, 0);
    while (my $page = rows($db, "FETCH 5000 FROM pages")) {
        last unless @$page;
        for my $row (@$page) { $count++; $sum += $row->[0]; }
    }
    $db->do("CLOSE pages");
    $db->commit;
    same [$count, $sum], [100_000, 5_000_050_000];
};
thing 11, sub {
    my ($db) = @_;
    $db->begin_work;
    $db->do("DECLARE half CURSOR FOR SELECT id FROM big ORDER BY id");
    same rows($db, "FETCH 2 FROM half"), [[1], [2]];
    $db->commit;
    my $statement = $db->prepare("SELECT id FROM big ORDER BY id");
    $statement->execute;
    same $statement->fetchrow_arrayref, [1];
    $statement->finish;
    same rows($db, "SELECT 7"), [[7]];
};
thing 12, sub {
    my ($db) = @_;
    $db->begin_work;
    same rows($db, "SELECT count(*) FROM things"), [[1000]];
    same $db->ping, 3;
    $db->commit;
    same $db->ping, 1;
};
thing 13, sub {
    my ($db) = @_;
    $db->begin_work;
    same state_of($db, sub { rows($db, "SELECT 1/0") }), "22012";
    same state_of($db, sub { rows($db, "SELECT 1") }), "25P02";
    $db->rollback;
    same rows($db, "SELECT 1"), [[1]];
};
thing 14, sub {
    my ($db) = @_;
    $db->begin_work;
    $db->pg_savepoint("one");
    same state_of($db, sub { rows($db, "SELECT nothing FROM things") }), "42703";
    $db->pg_rollback_to("one");
    $db->pg_release("one");
    same rows($db, "SELECT count(*) FROM things"), [[1000]];
    $db->commit;
};
thing 15, sub {
    my ($db) = @_;
    for my $case (["SELECT nothing FROM things", "42703", 8], ["SELECT * FROM nowhere", "42P01", 15], ["SELEC 1", "42601", 1]) {
        my ($sql, $state, $position) = @$case;
        same state_of($db, sub { $db->do($sql) }), $state;
        same $db->pg_error_field("statement_position"), $position;
    }
    same rows($db, "SELECT 1"), [[1]];
};
thing 16, sub {
    my ($db) = @_;
    my $statement = $db->prepare("SELECT id, price, name, day FROM things WHERE id = ?");
    $statement->execute(0);
    same $statement->fetchall_arrayref, [];
    same $statement->{NAME}, ["id", "price", "name", "day"];
    same $statement->{pg_type}, ["int8", "numeric", "text", "date"];
    same [$statement->{PRECISION}[1], $statement->{SCALE}[1]], [12, 2];
};
thing 17, sub {
    my ($db) = @_;
    # Of several results the driver keeps the last.
    same $db->do("SELECT 1; SELECT 'x', 2; SELECT 3"), 1;
    same state_of($db, sub { $db->do("SELECT 1; SELECT 1/0; SELECT 3") }), "22012";
    same rows($db, "SELECT 1"), [[1]];
};
print "skip 18 it has no pipeline\n";
thing 19, sub {
    my ($db) = @_;
    $db->do("COPY (SELECT id, price, name FROM things WHERE id IN (1, 5) ORDER BY id) TO STDOUT");
    my ($line, @lines) = ("");
    while ($db->pg_getcopydata($line) >= 0) { utf8::decode($line) unless utf8::is_utf8($line); push @lines, $line; }
    same \@lines, ["1\t-98.75\tGröße 1\n", "5\t-93.75\t\\N\n"];
    same rows($db, "SELECT 1"), [[1]];
};
thing 20, sub {
    my ($db) = @_;
    $db->do("CREATE TEMP TABLE copied (id bigint, name text)");
    $db->do("COPY copied FROM STDIN");
    $db->pg_putcopydata("$_\tRow $_\n") for 1 .. 1000;
    $db->pg_putcopyend;
    same rows($db, "SELECT count(*), max(id) FROM copied"), [[1000, 1000]];
    $db->do("COPY copied FROM STDIN");
    $db->pg_putcopydata("x\ty\n");
    same state_of($db, sub { $db->pg_putcopyend }), "22P02";
    same rows($db, "SELECT count(*) FROM copied"), [[1000]];
};
thing 21, sub {
    my ($db) = @_;
    $db->do("CREATE TEMP TABLE mine (id int PRIMARY KEY, name text, price numeric(8,2))");
    my $insert = $db->prepare("INSERT INTO mine VALUES (?, ?, ?)");
    $insert->execute_array({}, [1, 2, 3], ["ö 1", "ö 2", "ö 3"], [1.5, 2.5, undef]);
    same rows($db, "SELECT m.*, t.name FROM mine m JOIN things t USING (id) ORDER BY 1 LIMIT 1"), [[1, "ö 1", "1.50", "Größe 1"]];
    same $db->do("UPDATE mine SET name = 'x' WHERE id > ?", undef, 1), 2;
};
thing 22, sub {
    my ($db) = @_;
    my $other = connect_with();
    my $statement = $db->prepare($SLOW, { pg_async => PG_ASYNC });
    $statement->execute;
    my $work = "SELECT count(*) FROM pg_stat_activity WHERE pid = ? AND state = 'active'";
    for (1 .. 200) { last if rows($other, $work, $db->{pg_pid})->[0][0] == 1; }
    same rows($other, "SELECT pg_cancel_backend(?)", $db->{pg_pid}), [[1]];
    same state_of($db, sub { $statement->pg_result }), "57014";
    # pg_cancel is the driver's own CancelRequest; it takes the failure for itself.
    $statement = $db->prepare($SLOW, { pg_async => PG_ASYNC });
    $statement->execute;
    for (1 .. 200) { last if rows($other, $work, $db->{pg_pid})->[0][0] == 1; }
    $db->pg_cancel;
    same rows($db, "SELECT 1"), [[1]];
    $other->disconnect;
};
thing 23, sub {
    local $ENV{PGOPTIONS} = "-c statement_timeout=200ms";
    my $db = connect_with();
    same state_of($db, sub { rows($db, $SLOW) }), "57014";
    same rows($db, "SELECT 1"), [[1]];
    $db->disconnect;
};
thing 24, sub {
    my ($db) = @_;
    same rows($db, "SHOW application_name"), [["clients"]];
    $db->do("SET search_path TO pg_catalog, public");
    same rows($db, "SHOW search_path"), [["pg_catalog, public"]];
    same rows($db, "SELECT count(*) FROM things"), [[1000]];
}, "sslmode=verify-ca;application_name=clients";
thing 25, sub {
    my ($db) = @_;
    my $tables = $db->table_info(undef, "public", "%", "TABLE")->fetchall_arrayref({});
    same [sort map { $_->{TABLE_NAME} } @$tables], ["big", "things"];
    my $columns = $db->column_info(undef, "public", "things", "%")->fetchall_arrayref({});
    same [map { "$_->{COLUMN_NAME} $_->{pg_type}" } @$columns],
        ["id bigint", "price numeric(12,2)", "name text", "active boolean", "day date", "at timestamp without time zone"];
    same [$db->primary_key(undef, "public", "things")], ["id"];
    same state_of($db, sub { $db->do("INSERT INTO things (id) VALUES (?)", undef, 2001) }), "25006";
};

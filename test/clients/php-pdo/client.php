<?php
// Does the 25 things with PHP's PDO, unmodified and with its defaults where no attribute is named.
require __DIR__ . '/report.php';

const SLOW_QUERY = 'SELECT count(*) FROM big a CROSS JOIN big b CROSS JOIN big c WHERE a.id + b.id + c.id < 0';

function connect(string $parameters = 'sslmode=require', ?string $password = null): PDO
{
    $place = 'pgsql:host=' . getenv('PGHOST') . ';port=' . getenv('PGPORT') . ';dbname=' . getenv('PGDATABASE');
    return new PDO("$place;$parameters", getenv('PGUSER'), $password ?? getenv('PGPASSWORD'));
}

function connected(callable $do, string $parameters = 'sslmode=require'): callable
{
    return fn() => $do(connect($parameters));
}

function ask(PDO $pdo, string $sql, array $parameters = []): mixed
{
    $statement = $pdo->prepare($sql);
    $statement->execute($parameters);
    return $statement->fetchColumn();
}

/** The session answers as if nothing had been. */
function goesOn(PDO $pdo): void
{
    same(ask($pdo, 'SELECT count(*) FROM things'), 1000);
}

/** The error is the server's, with this SQLSTATE. */
function refused(string $state, callable $do): PDOException
{
    try {
        $do();
    } catch (PDOException $refusal) {
        if ($refusal->errorInfo[0] === $state) return $refusal;
        throw $refusal;
    }
    throw new Exception("no error, where $state was wanted");
}

/** The formulas are those of data.ts. */
function row(int $id): array
{
    $names = ["back\\slash $id", "Größe $id", "O'Brien \"$id\"", "😀, $id"];
    $at = new DateTimeImmutable('2024-01-01', new DateTimeZone('UTC'));
    $at = $at->modify('+' . $id * 3607 . ' seconds')->modify('+' . $id * 997 . ' microseconds');
    return [
        $id,
        $id % 13 === 0 ? null : sprintf('%.2f', $id * 1.25 - 100),
        $id % 5 === 0 ? null : $names[$id % 4],
        $id % 7 === 0 ? null : $id % 2 === 0,
        $id % 11 === 0 ? null : date('Y-m-d', strtotime('2024-01-01 UTC') + ($id - 1) * 86400),
        $id % 17 === 0 ? null : rtrim($at->format('Y-m-d H:i:s.u'), '0'),
    ];
}

// A copy of this program cancels what another of its connections runs: PDO waits for its answer.
if (($argv[1] ?? '') === 'cancel') {
    usleep(300_000);
    exit(ask(connect(), 'SELECT pg_cancel_backend(?)', [$argv[2]]) ? 0 : 1);
}

date_default_timezone_set('UTC');
echo '# client PDO ' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION . '.' . PHP_RELEASE_VERSION . "\n";

report(1, connected(goesOn(...), 'sslmode=verify-ca;channel_binding=require'));

report(2, connected(goesOn(...), 'sslmode=disable'));

report(3, function () {
    try {
        connect('sslmode=require', 'wrong');
    } catch (PDOException $refusal) {
        // libpq keeps of a failed login the message only.
        if (str_contains($refusal->getMessage(), 'password authentication failed')) return;
        throw $refusal;
    }
    throw new Exception('the password was accepted');
});

report(4, connected(function (PDO $pdo) {
    $rows = $pdo->query('SELECT id, price, name, active, day, at FROM things ORDER BY id', PDO::FETCH_NUM)->fetchAll();
    same(count($rows), 1000);
    foreach ($rows as $index => $row) same($row, row($index + 1));
}));

report(5, connected(function (PDO $pdo) {
    $sql = 'SELECT id FROM things WHERE price = ? AND name = ? AND day = ?';
    $parameters = ['-97.50', 'O\'Brien "2"', '2024-01-02'];
    foreach ([[false, false], [true, false], [false, true]] as [$emulated, $unprepared]) {
        $pdo->setAttribute(PDO::ATTR_EMULATE_PREPARES, $emulated);
        $pdo->setAttribute(PDO::PGSQL_ATTR_DISABLE_PREPARES, $unprepared);
        same(ask($pdo, $sql, $parameters), 2);
    }
}));

skip(6, 'PDO asks for every result as text');

report(7, connected(function (PDO $pdo) {
    $data = "\x00\x01\xFE\xFF\\'";
    $values = [null, 'Größe 😀 O\'Brien\\', '-1234567890123456789.0123456789', '2024-02-29', '1969-12-31 23:59:59.123456',
        $data, true, PHP_INT_MIN, '0.1'];
    $kinds = [PDO::PARAM_NULL, 5 => PDO::PARAM_LOB, 6 => PDO::PARAM_BOOL, 7 => PDO::PARAM_INT];
    $sql = 'SELECT ?::text, ?::text, ?::numeric(30,10), ?::date, ?::timestamp, ?::bytea, ?::boolean, ?::bigint, ?::float8';
    foreach (['', ' FROM things WHERE id = 1'] as $from) {
        $statement = $pdo->prepare($sql . $from);
        foreach ($values as $index => $value) $statement->bindValue($index + 1, $value, $kinds[$index] ?? PDO::PARAM_STR);
        $statement->execute();
        $row = $statement->fetch(PDO::FETCH_NUM);
        same(bin2hex(stream_get_contents($row[5])), bin2hex($data));
        $row[5] = $data;
        $row[8] = (string) $row[8];
        same($row, $values);
    }
}));

report(8, connected(function (PDO $pdo) {
    $sql = 'SELECT array_agg(id ORDER BY id) FROM things WHERE id = ANY (?)';
    same(ask($pdo, $sql, ['{1,2,3,5000}']), '{1,2,3}');
    same(ask($pdo, 'SELECT count(*) FROM things WHERE name = ANY (?)', ['{"Größe 1","O\'Brien \"2\"",NULL,"NULL"}']), 2);
    $names = '{"O\'Brien \"2\"","😀, 3","back\\\\slash 4",NULL}';
    same(ask($pdo, 'SELECT array_agg(name ORDER BY id) FROM things WHERE id BETWEEN 2 AND 5'), $names);
}));

report(9, connected(function (PDO $pdo) {
    $statement = $pdo->prepare('SELECT day - CAST(:days AS int) FROM things WHERE id = :id');
    for ($id = 1; $id <= 100; $id += 1) {
        $statement->execute(['id' => $id, 'days' => $id - 1]);
        same($statement->fetchColumn(), $id % 11 === 0 ? null : '2024-01-01');
    }
}));

report(10, connected(function (PDO $pdo) {
    $pdo->beginTransaction();
    $pdo->exec('DECLARE pages CURSOR FOR SELECT id FROM big');
    for ($count = $sum = 0; $page = $pdo->query('FETCH 7000 FROM pages')->fetchAll(PDO::FETCH_COLUMN); $count += count($page)) {
        $sum += array_sum($page);
    }
    same([$count, $sum], [100_000, 5_000_050_000]);
    $pdo->commit();
}));

report(11, connected(function (PDO $pdo) {
    // A scrollable statement of PDO is a cursor WITH HOLD.
    $statement = $pdo->prepare('SELECT id FROM things ORDER BY id', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $statement->execute();
    for ($id = 1; $id <= 10; $id += 1) same($statement->fetchColumn(), $id);
    same($statement->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST), [1000]);
    same($statement->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR), [999]);
    same($statement->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_ABS, 500), [500]);
    unset($statement);
    goesOn($pdo);
}));

report(12, connected(function (PDO $pdo) {
    $pdo->beginTransaction();
    $pdo->exec('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    same([ask($pdo, 'SHOW transaction_read_only'), ask($pdo, 'SHOW transaction_isolation')], ['on', 'repeatable read']);
    $pdo->exec("SET application_name = 'kept'");
    $pdo->commit();
    same([ask($pdo, 'SHOW application_name'), $pdo->inTransaction()], ['kept', false]);
}));

report(13, connected(function (PDO $pdo) {
    $pdo->beginTransaction();
    refused('42703', fn() => $pdo->query('SELECT nothing FROM things'));
    refused('25P02', fn() => $pdo->query('SELECT id FROM things'));
    same($pdo->inTransaction(), true);
    $pdo->rollBack();
    goesOn($pdo);
}));

report(14, connected(function (PDO $pdo) {
    $pdo->beginTransaction();
    $pdo->exec('SAVEPOINT "Before it"');
    refused('42703', fn() => $pdo->query('SELECT nothing FROM things'));
    $pdo->exec('ROLLBACK TO SAVEPOINT "Before it"');
    goesOn($pdo);
    $pdo->commit();
}));

report(15, connected(function (PDO $pdo) {
    $wanted = [
        'SELECT id, nothing FROM things' => ['42703', 12],
        'SELECT id FROM nothing' => ['42P01', 16],
        'SELEC 1' => ['42601', 1],
    ];
    foreach ($wanted as $sql => [$state, $position]) {
        // PDO has the position as libpq draws it: a caret below the line.
        [, , $message] = refused($state, fn() => $pdo->query($sql))->errorInfo;
        $lines = explode("\n", $message);
        same(strpos($lines[2], '^') - strlen('LINE 1: ') + 1, $position);
        goesOn($pdo);
    }
}));

report(16, connected(function (PDO $pdo) {
    $statement = $pdo->query('SELECT id, price, name, active, day, at FROM things WHERE id < 0');
    for ($described = [], $index = 0; $index < $statement->columnCount(); $index += 1) {
        $meta = $statement->getColumnMeta($index);
        $described[] = "{$meta['name']} {$meta['native_type']} {$meta['pgsql:oid']} {$meta['precision']}";
    }
    same($described, ['id int8 20 -1', 'price numeric 1700 786438', 'name text 25 -1', 'active bool 16 -1', 'day date 1082 -1', 'at timestamp 1114 -1']);
    same($statement->fetchAll(), []);
}));

report(17, connected(function (PDO $pdo) {
    $pdo->exec("SET application_name = 'several'; SELECT id FROM things; SET search_path TO public");
    same([ask($pdo, 'SHOW application_name'), ask($pdo, 'SHOW search_path')], ['several', 'public']);
}));

report(18, connected(function (PDO $pdo) {
    $batch = "SET application_name = 'lost'; SELECT nothing FROM things; SET application_name = 'never'";
    refused('42703', fn() => $pdo->exec($batch));
    same(ask($pdo, 'SHOW application_name'), '');
    goesOn($pdo);
}));

report(19, connected(function (PDO $pdo) {
    $rows = $pdo->pgsqlCopyToArray('(SELECT id, name FROM things WHERE id BETWEEN 3 AND 5 ORDER BY id)');
    same($rows, ["3\t😀, 3\n", "4\tback\\\\slash 4\n", "5\t\\N\n"]);
    same(count($pdo->pgsqlCopyToArray('big', ';', '-', 'label')), 100_000);
    goesOn($pdo);
}));

report(20, connected(function (PDO $pdo) {
    $pdo->exec('CREATE TEMP TABLE copied (id bigint, name text)');
    same($pdo->pgsqlCopyFromArray('copied', ["1\tGröße\n", "2\t\\N\n"]), true);
    same($pdo->pgsqlCopyFromArray('copied', ["3;-\n"], ';', '-', 'id, name'), true);
    refused('22P02', fn() => $pdo->pgsqlCopyFromArray('copied', ["four\tx\n"]));
    same(ask($pdo, "SELECT concat_ws(' ', sum(id), count(name), max(name)) FROM copied"), '6 1 Größe');
}));

report(21, connected(function (PDO $pdo) {
    $pdo->exec('CREATE TEMP TABLE notes (id int, body text)');
    $insert = $pdo->prepare('INSERT INTO notes VALUES (?, ?), (?, ?)');
    $insert->execute([1, 'ä', 2, null]);
    same($insert->rowCount(), 2);
    same(ask($pdo, 'SELECT n.body FROM notes n JOIN things t USING (id) ORDER BY n.id'), 'ä');
    $pdo->exec('DROP TABLE notes');
}));

report(22, connected(function (PDO $pdo) {
    foreach (['SELECT pg_sleep(60)', SLOW_QUERY] as $sql) {
        $canceler = proc_open([PHP_BINARY, __FILE__, 'cancel', (string) ask($pdo, 'SELECT pg_backend_pid()')], [], $pipes);
        refused('57014', fn() => $pdo->query($sql));
        same(proc_close($canceler), 0);
        goesOn($pdo);
    }
}));

report(23, connected(function (PDO $pdo) {
    $pdo->exec('SET statement_timeout = 200');
    refused('57014', fn() => $pdo->query('SELECT pg_sleep(60)'));
    refused('57014', fn() => $pdo->query(SLOW_QUERY));
    $pdo->exec('RESET statement_timeout');
    goesOn($pdo);
}));

report(24, connected(function (PDO $pdo) {
    same([ask($pdo, 'SHOW application_name'), ask($pdo, 'SHOW search_path')], ['twenty-five', 'public,pg_temp']);
    $pdo->exec("SET application_name = 'another'; SET search_path TO public; SET TIME ZONE 'Europe/Vienna'");
    same([ask($pdo, 'SHOW application_name'), ask($pdo, 'SHOW search_path'), ask($pdo, 'SHOW timezone')], ['another', 'public', 'Europe/Vienna']);
    same((int) $pdo->getAttribute(PDO::ATTR_SERVER_VERSION) >= 15, true);
    goesOn($pdo);
}, "sslmode=require;application_name=twenty-five;options='-c search_path=public,pg_temp'"));

report(25, connected(function (PDO $pdo) {
    $sql = 'SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position';
    $statement = $pdo->prepare($sql);
    $statement->execute(['public', 'things']);
    same($statement->fetchAll(PDO::FETCH_NUM), [['id', 'bigint', 'NO'], ['price', 'numeric', 'YES'], ['name', 'text', 'YES'],
        ['active', 'boolean', 'YES'], ['day', 'date', 'YES'], ['at', 'timestamp without time zone', 'YES']]);
    $tables = $pdo->query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1");
    same($tables->fetchAll(PDO::FETCH_COLUMN), ['big', 'things']);
    refused('25006', fn() => ask($pdo, 'INSERT INTO things (id) VALUES (?)', [5000]));
    goesOn($pdo);
}));

<?php
// The 25 things that every client does, and how each of them went.

// The names are those of things.ts, in its order.
const NAMES = [
    'connect by SCRAM over TLS',
    'connect without TLS',
    'wrong password is 28P01',
    'typed rows',
    'parameters by text format',
    'binary results',
    'parameters of every kind',
    'arrays as parameter and as result',
    'a prepared statement run 100 times',
    '100,000 rows streamed',
    'a stream abandoned in the middle',
    'a transaction committed',
    'a failed transaction',
    'a savepoint rolled back to',
    'errors with SQLSTATE and position',
    'an empty result has its columns',
    'several statements at once',
    'a pipeline with an error in the middle',
    'COPY TO STDOUT',
    'COPY FROM STDIN into a temporary table',
    'a temporary table',
    'cancel of a running query',
    'statement_timeout',
    'SET, SHOW, application_name, search_path',
    'tables and columns listed, INSERT refused',
];

/** Does one thing and prints its line. */
function report(int $number, callable $thing): void
{
    $line = $number . ' ' . NAMES[$number - 1];
    try {
        $thing();
        echo "ok $line\n";
    } catch (Throwable $failure) {
        $reason = preg_replace('/\s+/', ' ', $failure->getMessage());
        echo "not ok $line: $reason at line {$failure->getLine()}\n";
    }
}

function skip(int $number, string $reason): void
{
    echo "skip $number " . NAMES[$number - 1] . ": $reason\n";
}

function same(mixed $got, mixed $wanted): void
{
    if ($got === $wanted) return;
    throw new Exception('got ' . json_encode($got, JSON_UNESCAPED_UNICODE) . ' instead of ' . json_encode($wanted, JSON_UNESCAPED_UNICODE));
}

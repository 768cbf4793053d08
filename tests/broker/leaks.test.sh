#!/bin/sh
# Nothing is left at the end of a process, however it ends. The address sanitizer sees leaks and says so
# with exit 23; in other builds this holds the exit codes alone.
set -u
app=leaks$$
home=$(mktemp -d)
daemon=
tidy() {
    [ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null
    for topic in $app-in $app-repartition $app-changelog $app.indicators $app.revisions $app.alerts \
        $app.facts $app.dead-letters; do
        "$CPID_TOPIC" "$CPID_TEST_BROKER" delete $topic >/dev/null 2>&1
    done
    rm -rf "$home"
}
trap tidy EXIT
trap 'exit 1' HUP INT TERM
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=1:exitcode=23"
# libconfig 1.5 forgets a text that stands before a syntax error
echo "leak:libconfig" >"$home/suppressions"
export LSAN_OPTIONS="suppressions=$home/suppressions:print_suppressions=0"

failed=
ends() { # WANTED WHAT COMMAND...
    wanted=$1 what=$2
    shift 2
    "$@" >"$home/out" 2>&1
    got=$?
    if [ $got = "$wanted" ]; then
        echo "ok    $what"
    else
        echo "FAIL  $what: exit $got, not $wanted"
        cat "$home/out"
        failed=yes
    fi
}

cat >"$home/cpid.conf" <<END
application = "$app"; instance = "a"; partitions = 2; workers = 2;
kafka = { servers = "$CPID_TEST_BROKER"; };
people = { file = "people.csv"; };
sources = ( { name = "s"; topics = [ "$app-in" ]; wait = "1m";
    common = { id = "/id"; time = "/at"; case = "/case"; rep = "/rep"; };
    rules = ( { type = "/type"; } ); } );
windows = { hour = { length = "1h"; every = "10m"; }; };
indicators = ( { name = "solved"; each = "case.resolved"; over = "hour"; },
    { name = "took"; from = "case.opened"; to = "case.resolved"; over = "hour"; show = [ "p90" ]; } );
alerts = ( { name = "few"; indicator = "solved"; over = "hour"; on = "rep"; when = "count < 5"; severity = "info"; } );
END
echo 'rep,team' >"$home/people.csv"
echo 'anna,phone' >>"$home/people.csv"
sed 's/each = "case.resolved"/each = "case.resolvd"/; s/"10m"/10/' "$home/cpid.conf" >"$home/wrong.conf"
sed 's/sources = (/sources = "x" (/' "$home/cpid.conf" >"$home/broken.conf"

ends 0 "check of what is right" "$CPID" check -c "$home/cpid.conf"
ends 78 "check of what is wrong" "$CPID" check -c "$home/wrong.conf"
ends 78 "check of what cannot be read" "$CPID" check -c "$home/broken.conf"
ends 64 "wrong arguments" "$CPID" run --no-such
"$CPID_TOPIC" "$CPID_TEST_BROKER" create $app-in 2
ends 0 "topics are made" "$CPID" topics -c "$home/cpid.conf" --create
ends 0 "topics are looked at" "$CPID" topics -c "$home/cpid.conf"

for i in 1 2 3 4 5 6; do
    echo "{\"id\":\"$i\",\"type\":\"case.opened\",\"at\":\"2026-03-02T08:0$i:00Z\",\"case\":\"$i\",\"rep\":\"anna\"}"
    echo "{\"id\":\"e$i\",\"type\":\"case.resolved\",\"at\":\"2026-03-02T09:0$i:00Z\",\"case\":\"$i\",\"rep\":\"anna\"}"
    echo "no JSON"
done | kcat -b "$CPID_TEST_BROKER" -P -t $app-in -p 0
echo '{"id":"b","type":"source.heartbeat","at":"2026-03-02T12:00:00Z"}' |
    kcat -b "$CPID_TEST_BROKER" -P -t $app-in -p 1

updates() {
    kcat -q -b "$CPID_TEST_BROKER" -C -t $app.indicators -o beginning -e -X isolation.level=read_committed \
        -f '%k\n' 2>/dev/null | wc -l
}
"$CPID" run -c "$home/cpid.conf" >"$home/run" 2>&1 &
daemon=$!
tries=0
until [ "$(updates)" -gt 0 ] || [ $tries -ge 300 ]; do
    tries=$((tries + 1))
    kill -0 $daemon 2>/dev/null || break
done
[ "$(updates)" -gt 0 ] || {
    echo "FAIL  no update came out"
    failed=yes
}
kill -TERM $daemon
wait $daemon
got=$?
daemon=
if [ $got = 0 ]; then
    echo "ok    run, until SIGTERM"
else
    echo "FAIL  run, until SIGTERM: exit $got, not 0"
    cat "$home/run"
    failed=yes
fi
[ -z "$failed" ]

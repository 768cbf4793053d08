#!/bin/sh
# Speed of cpid against a bare yajl loop that takes the same members from the same bytes. Installs
# nothing: what building needs, `sh tests/run.sh` installs. README.md here says what the numbers mean.
#
#   sh tests/bench/run.sh                   1,000,000 events over 4 hours, 5 rounds: some minutes
#   sh tests/bench/run.sh --quick           400,000 events over 1.6 hours, 3 rounds
#   sh tests/bench/run.sh --events 2000000 --hours 8 --rounds 9
#   sh tests/bench/run.sh --built DIR       measures what is built there instead of the release preset
#   sh tests/bench/run.sh --no-memory       without the bytes a rep, a case and an id take
#   CPID_TEST_BROKER=ADDRESS sh tests/bench/run.sh     `cpid run` on that broker, too
set -eu
cd "$(dirname "$0")/../.."

events=1000000
hours=4
rounds=5
built=
memory=yes
usage() {
    sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0"
    exit 64
}
while [ $# -gt 0 ]; do
    case $1 in
    --quick)
        events=400000
        hours=1.6
        rounds=3
        shift
        continue
        ;;
    --no-memory)
        memory=
        shift
        continue
        ;;
    esac
    [ $# -ge 2 ] || usage
    case $1 in
    --events) events=$2 ;;
    --hours) hours=$2 ;;
    --rounds) rounds=$2 ;;
    --built) built=$2 ;;
    *) usage ;;
    esac
    shift 2
done

if [ -z "$built" ]; then
    built=build/release
    echo "building the release preset ..."
    cmake --preset release >/dev/null
    cmake --build --preset release --target cpid bench bench_gen bench_memory bench_stages \
        bench_load bench_floor bench_until >/dev/null
fi

programs=$built/tests/bench
data=$programs/data-$events-$hours
mkdir -p "$data"
cp tests/bench/*.conf "$data"
"$programs/bench_gen" "$data" "$events" "$hours"
echo "other work on this machine: load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors"
"$programs/bench" "$data" "$rounds"
if [ -x "$programs/bench_stages" ]; then
    "$programs/bench_stages" "$data" "$rounds"
else
    echo
    echo "NOT measured: the stages, because bench_stages is not built (a target of its own)."
fi
[ -z "$memory" ] || "$programs/bench_memory" "$data"
if [ -n "${CPID_TEST_BROKER:-}" ]; then
    sh tests/bench/broker.sh "$CPID_TEST_BROKER" "$built" "$data" "$events" "$rounds"
else
    echo
    echo "NOT measured: \`cpid run\` against its floor, because no broker is given. To measure it, too:"
    echo "  tests/broker/kafka.sh start /tmp/node && tests/broker/kafka.sh with /tmp/node sh tests/bench/run.sh"
fi

#!/bin/sh
# Does cpid stay what it is with many reps, many cases, many workers? Prints for each question what was
# wanted and what was measured; README.md here says what the numbers mean. Needs what `sh tests/run.sh`
# installs.
#
#   sh tests/bench/scale.sh                 all parts: about ten minutes
#   sh tests/bench/scale.sh --quick         with a tenth of the reps
#   sh tests/bench/scale.sh --only 'reps restart'
#   sh tests/bench/scale.sh --built DIR     what is built there instead of the release preset
#
#   reps      cost of an event with 1,000 to 1,000,000 reps, in memory
#   restart   kill -9 with 100,000 reps and 200,000 open cases
#   boundary  the longest transaction at a full hour over 100,000 reps
#   workers   throughput with 1, 2 and 4 workers, and the model of a cluster
set -eu
cd "$(dirname "$0")/../.."

parts='reps restart boundary workers' quick= built=
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --only) parts=$2 && shift ;;
    --built) built=$2 && shift ;;
    *)
        sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0"
        exit 64
        ;;
    esac
    shift
done
wants() { case " $parts " in *" $1 "*) ;; *) return 1 ;; esac; }

if [ -z "$built" ]; then
    built=build/release
    echo "building the release preset ..."
    cmake --preset release >/dev/null
    cmake --build --preset release --target cpid topic load bench_reps bench_gen bench_load bench_until >/dev/null
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/scale.XXXXXX")
node=$work/node
finish() {
    tests/broker/kafka.sh wipe "$node" >/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM
echo "other work on this machine: load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors"

missed=0
part() { # NAME COMMAND...
    echo
    echo "==== $1"
    shift
    "$@" || missed=$((missed + 1))
}

if wants reps; then
    mkdir "$work/reps"
    cp tests/bench/*.conf "$work/reps"
    part reps "$built/tests/bench/bench_reps" "$work/reps" 1000 10000 100000 $([ "$quick" ] || echo 1000000)
fi

case " $parts " in *" restart "* | *" boundary "* | *" workers "*)
    CPID_KAFKA_JAVA='-Xmx1g -XX:TieredStopAtLevel=4' tests/broker/kafka.sh start "$node"
    CPID_TEST_BROKER=$(tests/broker/kafka.sh status "$node" | cut -d' ' -f2)
    CPID=$PWD/$built/cpid CPID_TOPIC=$PWD/$built/tests/topic CPID_LOAD=$PWD/$built/tests/load
    CPID_BENCH=$PWD/$built/tests/bench CPID_NODE=$node
    export CPID_TEST_BROKER CPID CPID_TOPIC CPID_LOAD CPID_BENCH CPID_NODE
    ;;
esac
reps=100000
[ -z "$quick" ] || reps=10000
! wants restart || part restart python3 tests/bench/scale/restart.py $reps
! wants boundary || part boundary python3 tests/bench/scale/boundary.py $reps
! wants workers || part workers python3 tests/bench/scale/workers.py ${quick:+150000}
echo
echo "other work on this machine: load $(cut -d' ' -f1-3 /proc/loadavg)"
[ $missed = 0 ] || echo "$missed parts did not meet what was wanted: see above"
exit $((missed > 0))

#!/bin/sh
# The long modes of the tests, one after the other: hours. Each step has a log of its own, and fails by
# itself; the end says which did and where to look.
#
#   sh tests/long.sh                     all steps
#   sh tests/long.sh sim fuzz            these
#   sh tests/long.sh --list              what there is
#   LONG_SEEDS=1000 LONG_RUNS=1000000 LONG_KILLS=50 sh tests/long.sh sim fuzz chaos
#
# Needs what tests/run.sh installs, and clang-14, libclang-rt-14-dev (fuzz) and valgrind. Logs go to
# build/long/.
set -u
cd "$(dirname "$0")/.." || exit 70
seeds=${LONG_SEEDS:-100000} # of the simulation
runs=${LONG_RUNS:-10000000} # of each fuzz target
kills=${LONG_KILLS:-500}    # of a process, with the chaos
logs=$PWD/build/long
kafka=$PWD/tests/broker/kafka.sh

steps="sim        the simulation with $seeds seeds, and faults that it must find
chaos      a real broker under fault, $kills kills
trouble    a slow broker, backlogs and floods, ten times as much as in a test
fuzz       each fuzz target, $runs executions
asan       unit, golden, sim, fuzz and broker tests with address and undefined-behaviour sanitizers
tsan       the same with the thread sanitizer
valgrind   replay of the example and of golden cases
analyze    clang's static analyzer over lib and daemon
bench      speed and memory against a bare yajl loop
scale      many reps, many cases, many workers
peers      speed against Kafka Streams and Flink"

usage() {
    sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0"
    exit 64
}

# ---- what a step needs

missing=
need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null && return
    missing="$1 is not installed (Debian: apt-get install $2)"
    return 1
}
build() { # PRESET [TARGET...]
    preset=$1
    shift
    cmake --preset "$preset" && cmake --build "build/$preset" ${1:+--target "$@"}
}

# ---- the steps; each returns 0 or not

step_sim() {
    build dev || return
    [ -x build/dev/tests/sim_chaos ] || {
        missing="there is no simulation to run: build/dev/tests/sim_chaos"
        return 1
    }
    CPID_SOURCE=$PWD build/dev/tests/sim_chaos 1 "$seeds" &&
        CPID_SOURCE=$PWD build/dev/tests/sim_mutants
}

step_chaos() {
    need kcat kcat && need java default-jre-headless && need mvn maven && build dev || return
    failed=0
    for scene in "helpdesk $((kills / 2))" "uci $((kills / 2))" brokers cold cluster way changes; do
        echo "---- chaos.py $scene"
        b=$PWD/build/dev
        CPID=$b/cpid CPID_KAFKA=$kafka CPID_TOPIC=$b/tests/topic CPID_LOAD=$b/tests/load \
            CPID_GENERATOR=$b/tests/bench/bench_gen python3 tests/broker/chaos/chaos.py $scene
        case $? in 0 | 77) ;; *) failed=1 ;; esac
    done
    return $failed
}

step_trouble() {
    need kcat kcat && need java default-jre-headless && need mvn maven && build dev || return
    b=$PWD/build/dev
    CPID=$b/cpid CPID_KAFKA=$kafka CPID_TOPIC=$b/tests/topic CPID_LOAD=$b/tests/load \
        CPID_GENERATOR=$b/tests/bench/bench_gen python3 tests/broker/chaos/trouble.py --long
    case $? in 0 | 77) ;; *) return 1 ;; esac
}

# Inputs found on the way stay in build/long/corpus; a crash stands in the log with its file.
step_fuzz() {
    need clang clang-14 && build fuzz fuzz || return
    for target in build/fuzz/tests/fuzz/fuzz_*; do
        [ -x "$target" ] || continue
        name=${target##*/fuzz_}
        mkdir -p "$logs/corpus/$name"
        began=$(date +%s)
        UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=malloc_context_size=3:quarantine_size_mb=8 \
            "$target" -runs="$runs" -max_len=500 -entropic=0 -timeout=1 -rss_limit_mb=1024 \
            -malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix="$logs/crash-$name-" \
            "$logs/corpus/$name" "$PWD/tests/fuzz/corpus/$name" 2>&1 | tail -200 >"$logs/fuzz-$name.log"
        tail -30 "$logs/fuzz-$name.log"
        grep -q 'DONE' "$logs/fuzz-$name.log" || {
            missing="$name broke: $logs/fuzz-$name.log"
            return 1
        }
        echo "$name: $(grep -o 'number_of_executed_units: .*' "$logs/fuzz-$name.log"), $(($(date +%s) - began)) s"
    done
}

sanitized() { # PRESET
    build "$1" || return
    ctest --preset "$1" --timeout 3000 || return
    ctest --test-dir "build/$1" -L broker --output-on-failure --timeout 3000
}
step_asan() { sanitized asan; }
step_tsan() { sanitized tsan; }

step_valgrind() {
    need valgrind valgrind && build dev || return
    check="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect"
    out=$(mktemp -d)
    $check build/dev/cpid replay -c conf/examples/zendesk.conf \
        -i zendesk.events=conf/examples/tickets.ndjson -o "$out/example" --until 2026-03-09 || return
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$check" "$PWD/build/dev/cpid" >"$out/cpid"
    chmod +x "$out/cpid"
    for case in tests/golden/fcr/reopened tests/golden/quotes/rounds tests/golden/backlog/age \
        tests/golden/alerts/sure-quantile tests/golden/order/duplicates tests/golden/figures/buckets \
        tests/golden/edges/sums tests/golden/edges/lord-howe tests/golden/time/revised; do
        echo "$case"
        GOLDEN_PATIENCE_S=3000 CPID=$out/cpid python3 tests/golden/run "$case" || return
    done
    rm -rf "$out"
}

step_analyze() {
    need clang-tidy clang-tidy && build dev && CPID_BUILD=build/dev sh tests/lint/tidy.sh --analyze
}

step_bench() { sh tests/bench/run.sh; }
step_scale() { sh tests/bench/scale.sh; }
step_peers() {
    [ -e tests/bench/peers.sh ] || {
        missing="there is no tests/bench/peers.sh"
        return 1
    }
    sh tests/bench/peers.sh
}

# ---- which, and the end

all=$(echo "$steps" | cut -d' ' -f1)
case ${1:-} in
--list)
    echo "$steps"
    exit
    ;;
-*) usage ;;
esac
chosen=${*:-$all}
for step in $chosen; do
    echo "$all" | grep -qx "$step" || {
        echo "there is no step $step; --list shows them" >&2
        exit 64
    }
done
mkdir -p "$logs"
# A step of its own process, so that one that exits ends alone; why it could not run comes back as a file.
if [ -n "${LONG_STEP:-}" ]; then
    "step_$LONG_STEP"
    result=$?
    [ -z "$missing" ] || echo "$missing" >"$logs/$LONG_STEP.why"
    exit $result
fi
summary=
failed=0
for step in $chosen; do
    log=$logs/$step.log
    rm -f "$logs/$step.why"
    began=$(date +%s)
    printf '==== %s, from %s\n' "$step" "$(date +%T)"
    LONG_STEP=$step sh tests/long.sh "$step" >"$log" 2>&1 </dev/null
    result=$?
    took=$(($(date +%s) - began))
    if [ $result = 0 ]; then
        line="passed  $step, $took s"
    else
        failed=$((failed + 1))
        line="FAILED  $step, $took s: $(cat "$logs/$step.why" 2>/dev/null || echo "exit $result"); see $log"
        tail -15 "$log" | sed 's/^/    /'
    fi
    echo "$line"
    summary="$summary$line
"
done
printf '\n==== result\n%s' "$summary"
[ $failed = 0 ]

#!/bin/sh
# cpid beside what users would pick instead: a bare reader, a floor, Kafka Streams and Flink, on one
# topic of a broker of its own, in one run. README.md here says what the numbers mean. Needs what
# `sh tests/run.sh` installs and a JDK 17; Maven fetches the jars.
#
#   sh tests/bench/peers.sh                 2,000,000 events over 8 hours, 3 rounds: half an hour
#   sh tests/bench/peers.sh --quick         300,000 events over 2 hours, 1 round
#   sh tests/bench/peers.sh --events 1000000 --rounds 5
#   sh tests/bench/peers.sh --only 'w1 probes'         parts of it: w1, w2, week, probes (these need w1)
set -eu
cd "$(dirname "$0")/../.."

events=2000000 hours= rounds=3 parts='w1 w2 week probes' probe_s=40
usage() {
    sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0"
    exit 64
}
while [ $# -gt 0 ]; do
    case $1 in
    --quick) events=300000 hours=2 rounds=1 probe_s=15 ;;
    --events) events=$2 && shift ;;
    --hours) hours=$2 && shift ;;
    --rounds) rounds=$2 && shift ;;
    --only) parts=$2 && shift ;;
    --probe) probe_s=$2 && shift ;;
    *) usage ;;
    esac
    shift
done
[ -n "$hours" ] || hours=$(awk "BEGIN { print $events / 250000 }")
# What Kafka Streams waits for late events: enough for how far apart it reads the partitions of a backlog.
grace=$(awk "BEGIN { print int($hours * 900) }")
wants() { case " $parts " in *" $1 "*) ;; *) return 1 ;; esac; }

here=tests/bench
built=build/release
echo "building the release preset ..."
cmake --preset release >/dev/null
cmake --build --preset release --target cpid topic bench_gen bench_load bench_floor bench_until \
    bench_consume bench_probe >/dev/null
programs=$PWD/$built/tests/bench cpid=$PWD/$built/cpid
streams=$(sh $here/peers/fetch.sh streams)
flink=$(sh $here/peers/fetch.sh flink)

work=$(mktemp -d "${TMPDIR:-/tmp}/peers.XXXXXX")
node=$work/node
following= differ=
finish() {
    [ -z "$following" ] || kill "$following" 2>/dev/null || true
    tests/broker/kafka.sh wipe "$node" >/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

CPID_KAFKA_JAVA='-Xmx1g -XX:TieredStopAtLevel=4' tests/broker/kafka.sh start "$node"
broker=$(cat "$node/pid")
address=$(tests/broker/kafka.sh status "$node" | cut -d' ' -f2)

generate() { # TOPIC EVENTS HOURS
    mkdir -p "$work/$1"
    "$programs/bench_gen" "$work/$1" "$2" "$3"
    echo "$2" >"$work/$1/count"
    cp "$work/$1/people.csv" "$work"
    "$programs/bench_load" "$address" "$1" "$work/$1/events.ndjson"
}

configure() { # WORKLOAD APPLICATION TOPIC
    mkdir -p "$work/$2"
    cp $here/*.conf "$work/people.csv" "$work/$2"
    sed -i -e "s/^application = .*/application = \"$2\";/" \
        -e "s/topics = \[ \"helpdesk\" \]/topics = [ \"$3\" ]/" "$work/$2/common.conf"
    echo "kafka = { servers = \"$address\"; };" >>"$work/$2/common.conf"
    "$cpid" topics --create -c "$work/$2/$1.conf" >"$work/$2/topics.log" 2>&1 || {
        cat "$work/$2/topics.log"
        exit 1
    }
}

ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; } # user and system, 1/100 s

# One line: ROUND NAME EVENTS, what bench_until says, CPU-s of the broker, and of a peer's second
# half CPU-s and seconds.
measure() { # ROUND NAME TOPIC APPLICATION|- COMMAND...
    round=$1 name=$2 topic=$3 application=$4 count=$(cat "$work/$3/count")
    shift 4
    rm -f "$work/second"
    before=$(ticks "$broker")
    "$programs/bench_until" "$address" "$topic" "$application" "$@" >"$work/line" 2>"$work/log" || {
        grep -v INFO "$work/log" | tail -n 30
        echo "peers: $name did not end well"
        exit 1
    }
    after=$(ticks "$broker")
    [ -s "$work/second" ] || echo "- -" >"$work/second"
    echo "$round $name $count $(cat "$work/line") $(awk "BEGIN { print ($after - $before) / 100 }")" \
        "$(cat "$work/second")" | tee -a "$work/all"
}

mkdir "$work/tmp"
java="java -Xmx1g -Djava.io.tmpdir=$work/tmp -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
    --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED"

# The committed records of a topic, one a line, the order of each partition kept.
rows() { # TOPIC FORMAT
    kcat -b "$address" -C -t "$1" -e -q -X isolation.level=read_committed -f "$2"
}

one_cpid() { # ROUND WORKLOAD TOPIC
    application=cpid-$2-$1
    configure "$2" "$application" "$3"
    measure "$1" "cpid-$2" "$3" "$application" "$cpid" run -c "$work/$application/$2.conf"
    read -r cpu wall mib records bytes <"$work/line"
}

one_workload() { # ROUND WORKLOAD GRACE-SECONDS
    round=$1 workload=$2
    one_cpid "$round" "$workload" helpdesk
    measure "$round" "floor-$workload" helpdesk - "$programs/bench_floor" "$address" helpdesk \
        "$events" "floor-$workload-$round" "$records" $((bytes / (records ? records : 1)))
    out=streams-$workload-$round
    "$built/tests/topic" "$address" create "$out" 4 >/dev/null
    measure "$round" "streams-$workload" helpdesk - $java -cp "$streams" StreamsPeer "$address" \
        helpdesk "$out" "$workload" "$3" "$events" "$work/second"
    out=flink-$workload-$round
    "$built/tests/topic" "$address" create "$out" 4 >/dev/null
    measure "$round" "flink-$workload" helpdesk - $java -cp "$flink" FlinkPeer "$address" \
        helpdesk "$out" "$workload" "$events" "$work/second"
    [ "$round" = 1 ] || return 0
    rows "cpid-$workload-1.indicators" '%s\n' >"$work/cpid.$workload"
    rows "streams-$workload-1" '%p\t%s\n' >"$work/streams.$workload"
    rows "flink-$workload-1" '%p\t%s\n' >"$work/flink.$workload"
    python3 $here/peers/check.py "$work/helpdesk/events.ndjson" "$workload" "$work/cpid.$workload" \
        "$work/streams.$workload" "$work/flink.$workload" || differ=yes
    rm "$work"/*."$workload"
}

# A contestant that is fed at a steady rate, on topics of its own.
probe() { # NAME KIND RATE SPEED WARM-SECONDS SECONDS
    name=$1 kind=$2
    topic=probe-$1-$2
    "$built/tests/topic" "$address" create "$topic" 4 >/dev/null
    case $name in
    cpid)
        configure w1 "$topic-cpid" "$topic"
        out=$topic-cpid.indicators
        "$cpid" run -c "$work/$topic-cpid/w1.conf" >"$work/log" 2>&1 &
        ;;
    streams)
        out=$topic-out
        "$built/tests/topic" "$address" create "$out" 4 >/dev/null
        $java -cp "$streams" StreamsPeer "$address" "$topic" "$out" w1 31 0 - >"$work/log" 2>&1 &
        ;;
    esac
    following=$!
    line=$("$programs/bench_probe" "$address" "$topic" "$out" "$work/helpdesk/events.ndjson" "$3" "$4" \
        "$5" "$6" 60 $following) || {
        tail -n 20 "$work/log"
        exit 1
    }
    kill $following
    wait $following || true
    following=
    echo "probe $name $kind $line" | tee -a "$work/all"
}

half_of() { # NAME: half the events a second that it did at best
    awk -v name="$1-w1" '$2 == name && $3 / $5 > best { best = $3 / $5 } END { printf "%d", best / 2 }' \
        "$work/all"
}

generate helpdesk "$events" "$hours"
! wants week || generate busy "$events" 240
: >"$work/all"
echo "other work on this machine: load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors"
echo "round, contestant, events, CPU-s, s, MiB, records, bytes, CPU-s of the broker, CPU-s and s of the second half"
"$programs/bench_consume" "$address" helpdesk "$events" # warms the broker up, and counts for nothing
for round in $(seq "$rounds"); do
    measure "$round" consume helpdesk - "$programs/bench_consume" "$address" helpdesk "$events"
    measure "$round" parse helpdesk - "$programs/bench_consume" "$address" helpdesk "$events" parse
    ! wants w1 || one_workload "$round" w1 "$grace"
    ! wants w2 || one_workload "$round" w2 "$grace"
    ! wants week || one_cpid "$round" week busy
done
if wants probes && wants w1; then
    for name in cpid streams; do
        warm=10
        [ $name = cpid ] || warm=30
        probe $name idle 100 60 $warm $probe_s
        probe $name half "$(half_of $name)" 60 $warm $probe_s
        probe $name steady 1000 1 $warm $((probe_s * 3 / 2))
    done
fi
echo "other work on this machine: load $(cut -d' ' -f1-3 /proc/loadavg)"
python3 $here/peers/report.py "$work/all"
[ -z "$differ" ] || {
    echo "NOT the same figures: see above"
    exit 1
}

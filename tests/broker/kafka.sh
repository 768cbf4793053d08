#!/bin/sh
# A real Kafka broker for the tests, of one node or of several. NODE is the folder of a node: its settings, data,
# log and pid. Nothing outside of it and of the cache of jars is touched.
#
#   kafka.sh fetch                              the jars, a formatted data folder, a class archive
#   kafka.sh start NODE [PORT] [-o KEY=VALUE]   PORT: two ports from there on; without: free ones
#   kafka.sh cluster FOLDER COUNT [-o KEY=VALUE]   nodes FOLDER/1 to FOLDER/COUNT, all at once;
#                                               topics are kept on three, and written on two
#   kafka.sh stop NODE                          cleanly
#   kafka.sh kill NODE                          with SIGKILL
#   kafka.sh pause NODE | cont NODE             SIGSTOP, SIGCONT
#   kafka.sh restart NODE                       as it was started, whether it runs or not
#   kafka.sh wipe NODE                          stops it and removes the folder
#   kafka.sh status NODE                        "running ADDRESS", "paused ADDRESS" (0), "stopped" (3)
#   kafka.sh with NODE COMMAND...               the command with CPID_TEST_BROKER=ADDRESS
#
# CPID_KAFKA_JAVA holds more options for Java at a start: the broker is set up to start fast and stay small.
#
# Java, Maven or the jars are not to be had: exit 77 and a line that starts with SKIP; with CI set, 1.
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
cache=${CPID_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/cpid}/kafka-$(cksum <"$here/pom.xml" | cut -d' ' -f1)
cluster=Y3BpZHRlc3RicmRrcjAwMQ
start_seconds=60
stop_seconds=20

say() { echo "kafka.sh: $*"; }
die() { echo "kafka.sh: $*" >&2; exit 1; }
cannot() {
    if [ -n "${CI:-}" ]; then
        die "$* (CI is set, so this is a failure)"
    fi
    echo "SKIP: no Kafka broker: $*"
    exit 77
}

# ---- Nodes

node_of() {
    [ $# -ge 1 ] || die "which node? (see the head of this file)"
    case $1 in /*) node=$1 ;; *) node=$PWD/$1 ;; esac
}

# A pid counts only while it belongs to a process of this very node.
pid_of() {
    pid=$(cat "$node/pid" 2>/dev/null) || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$node/server.properties" || return 1
    [ "$(state_of "$pid")" != Z ]
}
state_of() { sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null || echo gone; }
address_of() { echo "127.0.0.1:$(sed -n 's/^# port //p' "$node/server.properties")"; }

taken() { grep -qi ":$(printf %04X "$1") " /proc/net/tcp /proc/net/tcp6 2>/dev/null; }
free_port() {
    port=$((21000 + $(echo "$node" | cksum | cut -d' ' -f1) % 4000 * 2))
    while taken $port || taken $((port + 1)); do port=$((port + 2)); done
    echo $port
}

# Of a node in a cluster: its number, all who vote, and on how many nodes a topic is.
id=1
voters=
replicas=1

# Later -o settings win over these: the last of two equal keys counts.
settings() { # PORT
    cat <<END
# port $1
process.roles=broker,controller
node.id=$id
controller.quorum.voters=${voters:-1@127.0.0.1:$(($1 + 1))}
default.replication.factor=$replicas
min.insync.replicas=$((replicas / 2 + 1))
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$(($1 + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$1
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=$node/data
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$((replicas / 2 + 1))
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$((replicas / 2 + 1))
share.coordinator.state.topic.num.partitions=1
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=16777216
END
}

java_kafka() { # CLASS ARGUMENT... with $extra options
    exec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 $extra \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true \
        -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
        -cp "$cache/jars/*" "$@"
}

launch() { # with $extra Java options
    : >"$node/log.start"
    # Its own session: it must outlive the shell and the test that started it.
    (
        export extra
        exec setsid sh -c 'echo $$ >"$1/pid"; shift; exec "$@"' sh "$node" \
            "$here/kafka.sh" _java kafka.Kafka "$node/server.properties" \
            >"$node/log.start" 2>&1 </dev/null 9>&-
    ) &
    tenths=0
    until grep -q 'Kafka Server started' "$node/log.start"; do
        sleep 0.1
        tenths=$((tenths + 1))
        if [ $tenths -ge $((start_seconds * 10)) ] || { [ $tenths -ge 20 ] && ! pid_of; }; then
            tail -n 30 "$node/log.start" >&2
            die "the broker in $node did not start (its log: $node/log.start)"
        fi
    done
}

await_end() {
    tenths=0
    while pid_of; do
        sleep 0.1
        tenths=$((tenths + 1))
        [ $tenths -lt $((stop_seconds * 10)) ] || return 1
    done
    rm -f "$node/pid"
    cat "$node/log.start" >>"$node/log" 2>/dev/null || true
}

end() { # SIGNAL
    pid_of || { rm -f "$node/pid"; return 0; }
    kill "-$1" "$pid"
    [ "$1" = KILL ] || kill -CONT "$pid"
    await_end && return
    say "no clean end within $stop_seconds s: SIGKILL"
    kill -KILL "$pid"
    await_end || die "process $pid does not end"
}

# ---- Jars, a formatted data folder and a class archive, once for all nodes

archive_of() { echo "$cache/classes-$(java -Xinternalversion 2>&1 | cksum | cut -d' ' -f1).jsa"; }

fetch_jars() {
    [ ! -e "$cache/jars" ] || return 0
    command -v mvn >/dev/null || cannot "no mvn to fetch its jars with (Debian: apt-get install maven)"
    say "fetching the broker's jars with Maven into $cache"
    rm -rf "$cache/jars.new"
    mvn -B -q -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$cache/jars.new" </dev/null >"$cache/maven.log" 2>&1 || {
        tail -n 20 "$cache/maven.log"
        cannot "Maven could not fetch its jars (log: $cache/maven.log)"
    }
    mv "$cache/jars.new" "$cache/jars"
}

format() {
    [ ! -e "$cache/formatted" ] || return 0
    rm -rf "$cache/format"
    node=$cache/format
    mkdir "$node"
    settings 9092 >"$node/server.properties"
    (extra= && java_kafka kafka.tools.StorageTool format -t $cluster -c "$node/server.properties") \
        >"$cache/format.log" 2>&1 || { cat "$cache/format.log"; die "could not format a data folder"; }
    mv "$node/data" "$cache/formatted"
    rm -rf "$node"
}

# One throw-away run records which classes a broker loads; a start then takes a third of the time.
archive_classes() {
    archive=$(archive_of)
    [ ! -e "$archive" ] || return 0
    say "recording the broker's classes, so that it starts faster"
    node=$cache/recording
    rm -rf "$node"
    prepare "$(free_port)"
    extra="-XX:ArchiveClassesAtExit=$archive.new -Xlog:disable"
    launch
    stop_seconds=60 end TERM
    rm -rf "$node"
    mv "$archive.new" "$archive" || say "no class archive: starts will be slower"
}

fetch() {
    command -v java >/dev/null || cannot "no Java (Debian: apt-get install default-jre-headless)"
    mkdir -p "$cache"
    (
        flock 9
        fetch_jars
        format
        archive_classes
    ) 9>"$cache/lock"
}

prepare() { # PORT [SETTING...]
    mkdir -p "$node"
    settings "$1" >"$node/server.properties"
    shift
    for setting; do echo "$setting" >>"$node/server.properties"; done
    [ ! -e "$node/data" ] || return 0
    cp -r "$cache/formatted" "$node/data"
    [ "$id" = 1 ] || sed -i -e "s/^node.id=.*/node.id=$id/" \
        -e "s/^directory.id=./directory.id=$id/" "$node/data/meta.properties"
}

start_again() {
    extra="-Xshare:auto -XX:SharedArchiveFile=$(archive_of) -Xlog:disable ${CPID_KAFKA_JAVA:-}"
    launch
    say "running $(address_of)"
}

start() { # [PORT] [-o KEY=VALUE]...
    ! pid_of || die "a broker runs in $node already"
    fetch
    port=
    case ${1:-} in [0-9]*) port=$1 && shift ;; esac
    [ -n "$port" ] || port=$(free_port)
    ! taken "$port" || die "port $port is taken"
    options=
    while [ "${1:-}" = -o ]; do
        options="$options $2"
        shift 2
    done
    [ $# -eq 0 ] || die "unknown argument: $1"
    prepare "$port" $options
    start_again
}

cluster() { # COUNT [-o KEY=VALUE]...
    folder=$node
    count=$1
    shift
    fetch
    mkdir -p "$folder"
    options=
    while [ "${1:-}" = -o ]; do
        options="$options $2"
        shift 2
    done
    port=$(free_port)
    ports=
    for id in $(seq "$count"); do
        while taken $port || taken $((port + 1)); do port=$((port + 2)); done
        ports="$ports $port"
        voters="$voters,$id@127.0.0.1:$((port + 1))"
        port=$((port + 2))
    done
    voters=${voters#,}
    replicas=$((count < 3 ? count : 3))
    id=0
    for port in $ports; do
        id=$((id + 1))
        node=$folder/$id
        prepare "$port" $options
        start_again & # each waits until there are enough of them
    done
    wait
    for id in $(seq "$count"); do
        node=$folder/$id
        pid_of || die "node $id of $count is not there (its log: $node/log.start)"
    done
}

status() {
    pid_of || { echo stopped; exit 3; }
    case $(state_of "$pid") in
    T) echo "paused $(address_of)" ;;
    *) echo "running $(address_of)" ;;
    esac
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
fetch) fetch ;;
_java) java_kafka "$@" ;;
start | cluster | stop | kill | pause | cont | restart | wipe | status | with)
    node_of "$@"
    shift
    case $verb in
    start) start "$@" ;;
    cluster) cluster "$@" ;;
    stop) end TERM ;;
    kill) end KILL ;;
    pause) pid_of || die "not running"; kill -STOP "$pid" ;;
    cont) pid_of || die "not running"; kill -CONT "$pid" ;;
    restart)
        [ -e "$node/server.properties" ] || die "$node was never started"
        end TERM
        start_again
        ;;
    wipe)
        end KILL
        [ ! -e "$node/server.properties" ] || rm -rf "$node"
        ;;
    status) status ;;
    with)
        pid_of || cannot "it was not started"
        CPID_TEST_BROKER=$(address_of)
        export CPID_TEST_BROKER
        exec "$@"
        ;;
    esac
    ;;
*)
    sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0"
    exit 64
    ;;
esac

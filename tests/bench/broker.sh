#!/bin/sh
# Events per CPU-second of `cpid run` beside the floor: a bare loop that consumes, parses with yajl and
# produces as many records of as many bytes as cpid did, in transactions that carry the offsets.
#
#   broker.sh ADDRESS BUILD FOLDER EVENTS ROUNDS
#
# FOLDER is one that run.sh made; its events go into a topic of their own on the broker at ADDRESS.
set -eu
address=$1 programs=$2/tests/bench cpid=$2/cpid folder=$3 events=$4 rounds=$5
run=bench$$
source=$run-events
results=$folder/broker.$run
trap 'rm -rf "$results"' EXIT
mkdir -p "$results"

"$programs/bench_load" "$address" "$source" "$folder/events.ndjson"

# The same configuration, with its own names, on this broker.
configure() { # WORKLOAD APPLICATION
    mkdir -p "$results/$2"
    cp "$folder/people.csv" "$folder"/*.conf "$results/$2"
    sed -i -e "s/^application = .*/application = \"$2\";/" \
        -e "s/topics = \[ \"helpdesk\" \]/topics = [ \"$source\" ]/" "$results/$2/common.conf"
    echo "kafka = { servers = \"$address\"; };" >>"$results/$2/common.conf"
    "$cpid" topics --create -c "$results/$2/$1.conf" >"$results/$2/topics.log" 2>&1 || {
        cat "$results/$2/topics.log"
        exit 1
    }
}

for round in $(seq "$rounds"); do
    for workload in w2 w3; do
        application=$run-$workload-$round
        configure $workload "$application"
        "$programs/bench_until" "$address" "$source" "$application" \
            "$cpid" run -c "$results/$application/$workload.conf" 2>"$results/$application/log" \
            >"$results/$application/cpid" || {
            tail -5 "$results/$application/log"
            exit 1
        }
        read -r cpu wall memory records bytes <"$results/$application/cpid"
        "$programs/bench_until" "$address" "$source" - "$programs/bench_floor" "$address" "$source" \
            "$events" "$application-floor" "$records" $((bytes / (records ? records : 1))) \
            >"$results/$application/floor"
        echo "$workload $events $cpu $wall $memory $records $bytes $(cat "$results/$application/floor")"
    done
done >"$results/all"

# Medians over the rounds; ratios are those within a round.
awk '
function median(text,    part, n, i, j, swap) {
    n = split(text, part, " ")
    for (i = 1; i <= n; i++)
        for (j = i + 1; j <= n; j++)
            if (part[j] + 0 < part[i] + 0) { swap = part[i]; part[i] = part[j]; part[j] = swap }
    return n % 2 ? part[(n + 1) / 2] : (part[n / 2] + part[n / 2 + 1]) / 2
}
{
    w = $1; cpid[w] = cpid[w] " " $2 / $3 / 1000; wall[w] = wall[w] " " $2 / $4 / 1000
    memory[w] = memory[w] " " $5; records[w] = records[w] " " $6 / $2; bytes[w] = bytes[w] " " $7 / $2
    least[w] = least[w] " " $2 / $8 / 1000; ratio[w] = ratio[w] " " $8 / $3
}
END {
    printf "\n%-10s %14s %14s %14s %6s %8s %12s %12s\n", "on Kafka", "k ev/CPU-s", "floor", "of the floor", "goal",
        "MiB", "records/ev", "bytes/ev"
    for (i = 2; i <= 3; i++) {
        w = "w" i
        if (!(w in cpid)) continue
        r = median(ratio[w])
        printf "run %-6s %14.0f %14.0f %14.2f %6s %8.0f %12.2f %12.0f   %s\n", toupper(w), median(cpid[w]),
            median(least[w]), r, (w == "w2" ? "0.70" : ""), median(memory[w]), median(records[w]), median(bytes[w]),
            (w != "w2" ? "" : (r >= 0.7) ? "reached" : "NOT reached")
    }
    printf "records and bytes are what it wrote, changelog and repartition topic included; the floor wrote as many\n"
}' "$results/all"

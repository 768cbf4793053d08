#!/bin/sh
# Fetches a contestant's jars with Maven and compiles it; prints its class path.
#
#   fetch.sh streams | flink
#
# Everything lands in ~/.cache/cpid, once for each version of the pom and of the source.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$1
home=${CPID_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/cpid}
jars=$home/bench-$name-$(cksum <"$here/$name/pom.xml" | cut -d' ' -f1)
classes=$jars/classes-$(cat "$here/$name"/*.java "$here"/common/*.java | cksum | cut -d' ' -f1)
say() { echo "peers: $*" >&2; }

command -v mvn >/dev/null && command -v javac >/dev/null || {
    say "mvn and javac are needed (Debian: apt-get install maven openjdk-17-jdk-headless)"
    exit 77
}
if [ ! -e "$jars/lib" ]; then
    say "fetching the jars of $name with Maven into $jars"
    mkdir -p "$jars"
    rm -rf "$jars/lib.new"
    mvn -B -q -f "$here/$name/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$jars/lib.new" </dev/null >"$jars/maven.log" 2>&1 || {
        tail -n 20 "$jars/maven.log" >&2
        exit 1
    }
    mv "$jars/lib.new" "$jars/lib"
fi
if [ ! -e "$classes" ]; then
    rm -rf "$classes.new"
    javac --release 17 -Xlint:all,-processing,-classfile,-serial -cp "$jars/lib/*" -d "$classes.new" \
        "$here/$name"/*.java "$here"/common/*.java >&2
    mv "$classes.new" "$classes"
fi
echo "$classes:$jars/lib/*"

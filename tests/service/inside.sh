#!/bin/bash
# Runs inside the container, as root, under its systemd. Prints a line for everything it found to be so.
set -u
fail() {
    echo "FAIL  $*"
    systemctl status --no-pager --lines=0 'cpid*'
    journalctl --no-pager -q -u cpid -u 'cpid@*' | tail -40
    exit 1
}
is() { # SENTENCE COMMAND...: holds now
    local sentence=$1
    shift
    "$@" >/tmp/said 2>&1 || { cat /tmp/said; fail "$sentence"; }
    echo "ok    $sentence"
}
becomes() { # SENTENCE COMMAND...: holds within 30 s
    local sentence=$1 end=$((SECONDS + 30))
    shift
    until "$@" >/tmp/said 2>&1; do
        [ $SECONDS -lt $end ] || { cat /tmp/said; fail "$sentence"; }
        sleep 0.3
    done
    echo "ok    $sentence"
}
shows() { # UNIT PROPERTY PATTERN
    local value
    value=$(systemctl show -P "$2" "$1")
    echo "$1: $2=$value"
    [[ $value =~ $3 ]]
}
entries() { # FIELD=VALUE...: how many entries of the journal have them
    journalctl -q -o cat --no-pager "$@" | wc -l
}
pid() { systemctl show -P MainPID "$1"; }
of_process() { # UNIT KEY: from /proc
    awk -v key="$2:" '$1 == key { print $2 }' "/proc/$(pid "$1")/status"
}
drop_in() { # LINE...
    mkdir -p /etc/systemd/system/cpid.service.d
    printf '[Service]\n' >/etc/systemd/system/cpid.service.d/test.conf
    printf '%s\n' "$@" >>/etc/systemd/system/cpid.service.d/test.conf
    systemctl daemon-reload
}

systemd-sysusers
systemd-tmpfiles --create
journalctl --update-catalog
is "sysusers has made the user" id cpid
is "only root sees the credentials" test "$(stat -c '%a %U' /etc/cpid/credentials)" = "700 root"
is "the configuration that is installed is right" cpid check -c /usr/share/cpid/cpid.conf

drop_in WatchdogSec=4s
is "systemctl start returns once it is ready" systemctl start cpid
is "it is active" shows cpid ActiveState '^active$'
becomes "its status says in words what it does" shows cpid StatusText '^reading 2 source partitions, 2 tasks'
is "it runs as its own user" test "$(of_process cpid Uid)" = "$(id -u cpid)"
is "without any capability" test "$(of_process cpid CapEff)" = 0000000000000000
is "and behind a filter of system calls" test "$(of_process cpid Seccomp)" = 2
is "the journal has its fields" test "$(entries CPID_EVENT=restored CPID_TASK=1)" = 1
is "and knows what they mean" grep -q "Task 1 has its state back" <(journalctl -q -x --no-pager CPID_EVENT=restored)
is "with their priorities" test "$(entries -t cpid PRIORITY=6 CPID_EVENT=start)" = 1

is "systemctl reload is taken" systemctl reload cpid
becomes "and done" test "$(entries CPID_EVENT=reloaded)" = 1
is "it is still active" shows cpid ActiveState '^active$'

kill -9 "$(pid cpid)"
becomes "after kill -9 it is started again" shows cpid NRestarts '^1$'
becomes "and ready again" shows cpid StatusText '^reading'

kill -STOP "$(pid cpid)"
becomes "one that hangs is ended by the watchdog and started again" shows cpid NRestarts '^2$'
becomes "and ready again" shows cpid StatusText '^reading'
is "the journal says so" grep -q "Watchdog timeout" <(journalctl -q --no-pager -u cpid)

is "a second instance runs beside it" systemctl start cpid@b
becomes "and takes its share" shows cpid@b StatusText '^reading 1 source partitions, 1 tasks'
is "both stop well" systemctl stop cpid cpid@b
is "with a clean exit" shows cpid Result '^success$'
is "and a clean exit" shows cpid@b Result '^success$'

sed -i 's/every = "10s"/every = "7s"/' /etc/cpid/cpid.conf
systemctl start cpid && fail "a wrong configuration starts"
is "a wrong configuration fails with 78" shows cpid ExecMainStatus '^78$'
is "and is not tried again" shows cpid NRestarts '^0$'
is "and the journal says what is wrong" grep -q 'cpid.conf:8: ' <(journalctl -q --no-pager -u cpid)
echo "all is well"

#!/bin/sh
# See uci.py.
exec python3 "$CPID_SOURCE/tests/broker/uci.py" kills

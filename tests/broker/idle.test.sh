#!/bin/sh
# See idle.py.
exec python3 "$CPID_SOURCE/tests/broker/idle.py"

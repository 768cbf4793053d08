#!/bin/sh
# See trouble.py.
exec python3 "$CPID_SOURCE/tests/broker/chaos/trouble.py"

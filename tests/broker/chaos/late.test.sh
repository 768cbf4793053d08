#!/bin/sh
# See chaos.py.
exec python3 "$CPID_SOURCE/tests/broker/chaos/chaos.py" late

#!/bin/sh
# See notify.py.
exec python3 "$CPID_SOURCE/tests/service/notify.py"

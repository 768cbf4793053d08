#!/bin/sh
# See alertmanager.py.
exec python3 "$CPID_SOURCE/tests/service/alertmanager.py"

#!/bin/sh
exec "${PYTHON:-python3}" "$(dirname "$(readlink -f "$0")")/../serving/start.py" flask_transformers "$@"

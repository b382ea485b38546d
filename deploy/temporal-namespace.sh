#!/bin/sh
# Creates the namespace with 30 days of history and the platform's search attributes, or brings an existing one to that.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where; Temporal's command line reads both.
set -eu
RETENTION=720h

tries=0
until temporal operator cluster health; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || exit 1
  sleep 2
done

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi

# As in contracts/search-attributes.ts. A new namespace needs a moment until it is known everywhere.
tries=0
until temporal operator search-attribute create \
  --name MfgLoadId --type Keyword \
  --name MfgLogicalDate --type Keyword \
  --name MfgStage --type Keyword \
  --name MfgOutcome --type Keyword \
  --name MfgPublication --type Int \
  --name MfgRows --type Int; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || exit 1
  sleep 2
done

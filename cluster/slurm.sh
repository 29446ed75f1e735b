#!/usr/bin/env bash
# A whole job of dmedia as one job of Slurm: scheduler, workers and launcher in one allocation. What follows the file's
# name is dmedia's command line; whatever ends it before its time, the same with `resume last` goes on with it:
#
#   sbatch --nodes 4 cluster/slurm.sh compress /shared/photos -r -o /shared/small
#   sbatch --nodes 4 cluster/slurm.sh resume last
#
#SBATCH --job-name=dmedia
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@120
#SBATCH --output=dmedia-%j.log
set -euo pipefail

export DMEDIA_HOME="${DMEDIA_HOME:-/shared/dmedia-home}" # on the shared volume: `dmedia status` answers everywhere
bin="${DMEDIA_BIN:-/opt/dmedia/.venv/bin}"               # of the environment that has dmedia, on all nodes
recipes=$(dirname "$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *Command=\([^ ]*\).*/\1/p')")

mkdir -p "$DMEDIA_HOME"
meeting=$(mktemp -d "$DMEDIA_HOME/slurm-$SLURM_JOB_ID-XXXXXX") # where scheduler, workers and launcher find each other
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$meeting"' EXIT

# Other users of the nodes cannot reach what has certificates of this run's own.
"$recipes/tls/make-certs.sh" "$meeting/tls" > "$meeting/tls.log" 2>&1
export DASK_CONFIG="$meeting/tls/dask.yaml"
export DASK_LOGGING__DISTRIBUTED="${DASK_LOGGING__DISTRIBUTED:-warning}" # the log is what dmedia says of its job

"$bin/dask" scheduler --protocol tls:// --port 0 --dashboard-address 127.0.0.1:0 \
  ${DMEDIA_INTERFACE:+--interface "$DMEDIA_INTERFACE"} --scheduler-file "$meeting/scheduler.json" &

# A worker that dies is started again by its nanny, and a node that is lost ends nothing but its worker.
srun --kill-on-bad-exit=0 "$bin/dask" worker --protocol tls:// --scheduler-file "$meeting/scheduler.json" --nworkers 1 \
  --nthreads "${SLURM_CPUS_PER_TASK:-1}" --memory-limit 0 --local-directory "${TMPDIR:-/tmp}" --death-timeout 120 \
  --dashboard-address 127.0.0.1:0 ${DMEDIA_INTERFACE:+--interface "$DMEDIA_INTERFACE"} &

until [ -s "$meeting/scheduler.json" ]; do
  kill -0 %1 # a scheduler that could not start ends this
  sleep 0.2
done
# The first worker may take its time: Python comes over the network.
"$bin/python" -c 'import sys, distributed as d; d.Client(scheduler_file=sys.argv[1]).wait_for_workers(1, timeout=300)' \
  "$meeting/scheduler.json"

"$bin/dmedia" "$@" --scheduler-file "$meeting/scheduler.json" &
launcher=$!
trap 'kill -TERM "$launcher"' TERM INT # 120 s before the end of the time, or by scancel --signal: files at work end
while true; do
  status=0
  wait "$launcher" || status=$? # a signal interrupts it
  kill -0 "$launcher" 2> /dev/null || exit "$status"
done

#!/usr/bin/env bash
# Makes what a Dask cluster over tls:// needs, into a new directory:   cluster/tls/make-certs.sh DIR [DAYS]
#
#   ca.pem  ca-key.pem                       the authority. Whoever holds a key that it signed can run code on the workers.
#   scheduler.pem  worker.pem  client.pem    a certificate for each role, and beside it its key (scheduler-key.pem ...)
#   dask.yaml                                Dask's configuration: DASK_CONFIG=DIR/dask.yaml
#
# A machine needs ca.pem, dask.yaml and the two files of its role, at the same path; ca-key.pem belongs on none of them.
set -euo pipefail
umask 077

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: $0 DIR [DAYS]" >&2
  exit 2
fi
days="${2:-365}"
case "$1" in /*) directory=$1 ;; *) directory=$PWD/$1 ;; esac
case "$directory" in
  *[\"\\\$]* | *$'\n'*)
    echo "$directory cannot be written into dask.yaml: name a directory without \", \\, \$ and line breaks" >&2
    exit 2
    ;;
esac
if [ -e "$1/ca.pem" ]; then
  echo "$1 has certificates already: name another directory, or remove it" >&2
  exit 1
fi
mkdir -p "$1"
directory=$(cd "$1" && pwd)
cd "$directory"

key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
openssl req -x509 "${key[@]}" -days "$days" -subj "/CN=dmedia cluster authority" -keyout ca-key.pem -out ca.pem \
  -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
for role in scheduler worker client; do
  openssl req "${key[@]}" -subj "/CN=dmedia $role" -keyout "$role-key.pem" -out "$role.csr"
  openssl x509 -req -in "$role.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days "$days" -out "$role.pem" \
    -extfile <(printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n')
  rm "$role.csr"
done
rm -f ca.srl

cat > dask.yaml << END
distributed:
  comm:
    require-encryption: true
    tls:
      ca-file: "$directory/ca.pem"
      scheduler: {cert: "$directory/scheduler.pem", key: "$directory/scheduler-key.pem"}
      worker: {cert: "$directory/worker.pem", key: "$directory/worker-key.pem"}
      client: {cert: "$directory/client.pem", key: "$directory/client-key.pem"}
END
echo "certificates for $days days in $directory; use them with DASK_CONFIG=$directory/dask.yaml"

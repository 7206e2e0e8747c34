#!/bin/sh
# What `make services` needs of Debian or Ubuntu: RabbitMQ, PostgreSQL, a JDK and Maven. Run as root; again, it does nothing.
# Go (for the S3 server and Helm) is looked for only: distributions' packages are too old for it.
set -eu

has() { # a program by name, or by one of some paths
    for place in "$@"; do
        command -v "$place" >/dev/null 2>&1 && return
    done
    return 1
}

packages=""
has /usr/lib/rabbitmq/bin/rabbitmq-server || packages="$packages rabbitmq-server"
has /usr/lib/postgresql/*/bin/initdb || packages="$packages postgresql"
has mvn || packages="$packages maven"
if ! has /usr/lib/jvm/*17*/bin/javac /usr/lib/jvm/*21*/bin/javac; then
    jdk=openjdk-17-jdk-headless
    apt-cache show $jdk >/dev/null 2>&1 || jdk=openjdk-21-jdk-headless
    packages="$packages $jdk"
fi

if [ -n "$packages" ]; then
    echo "installing$packages"
    apt-get update -qq
    # none of them shall start by itself: `make services` starts its own, elsewhere
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
        trap 'rm -f $policy' EXIT
    fi
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
fi

if ! has go /usr/local/go/bin/go; then
    echo "no Go: install 1.24 or newer from https://go.dev/dl, or S3 and the chart's tests are left out" >&2
fi

#!/bin/sh
# Run once by the image of PostgreSQL, in an empty server: a database and its owner for each service, and one for Keycloak.
set -eu
for name in registry executor provenance gateway keycloak; do
    password=$(printenv "$(echo $name | tr '[:lower:]' '[:upper:]')_PASSWORD")
    psql -v ON_ERROR_STOP=1 -v name="$name" -v password="$password" -U postgres -d postgres <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke connect on database :"name" from public;
SQL
done

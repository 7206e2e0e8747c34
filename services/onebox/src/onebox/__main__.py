"""`python -m onebox`: the whole platform in one process, and what its keeper needs."""

import argparse
import asyncio
import sys

from chassis.loading import loading

with loading():
    from chassis.running import run
    from executor.tokens.rotation import ROTATE
    from gateway.access.rotation import ROTATE_KEY
    from onebox import commands
    from onebox.serving import serve
    from onebox.settings import OneboxSettings


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m onebox", description=__doc__)
    orders = parser.add_subparsers(dest="order")
    orders.add_parser("serve", help="serve until told to stop (the default)")
    orders.add_parser("migrate", help="bring the schemas of DATABASE_URL up to date")
    orders.add_parser("topology", help="print who hears what, as contracts/topology.py holds it")
    orders.add_parser(ROTATE.name, help=ROTATE.help)
    orders.add_parser("schemas", help="print the JSON Schemas of all messages")
    orders.add_parser("problems", help="print the types of problems, as docs/problems.md holds them")
    account = orders.add_parser("account", help="make an account of the embedded issuer, or change it")
    account.add_argument("name")
    account.add_argument("--group", action="append", default=[], help="a group it belongs to; may be given again")
    account.add_argument("--role", action="append", default=[], help="a role it has; may be given again")
    account.add_argument("--email", help="its e-mail address, which Provena's clients need to register things")
    account.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    client = orders.add_parser("client", help="make a service that logs in to the embedded issuer, or give it another secret")
    client.add_argument("name")
    client.add_argument("--group", action="append", default=[], help="a group it works for; may be given again")
    client.add_argument("--role", action="append", default=[], help="a role it has; may be given again")
    ROTATE_KEY.add(orders.add_parser(ROTATE_KEY.name, help=ROTATE_KEY.help))
    told = parser.parse_args()
    settings = OneboxSettings()
    try:
        match told.order:
            case None | "serve":
                run(serve(settings))
            case "migrate":
                asyncio.run(commands.migrate(settings))
            case ROTATE.name:
                asyncio.run(commands.rotate_tokens(settings))
            case "topology":
                sys.stdout.write(commands.topology())
            case "schemas":
                sys.stdout.write(commands.schemas())
            case "problems":
                sys.stdout.write(commands.problems())
            case "client":
                commands.client(settings, told.name, told.group, told.role)
            case ROTATE_KEY.name:
                asyncio.run(commands.rotate_key(settings, told))
            case "account":
                commands.account(settings, told.name, told.group, told.role, email=told.email, from_stdin=told.password_stdin)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One line per check; the first failure ends the program with what was expected and what came."""

import contextlib
import json
import pathlib
import sys
import traceback
import urllib.request

CLIENT = pathlib.Path(sys.argv[0]).stem
passed = 0


class Unlike(Exception):
    """A value that is not the expected one."""


def same(came, expected, what=""):
    if came != expected:
        raise Unlike(f"{what}\n  expected: {expected!r}\n  came:     {came!r}")


def holds(truth, what):
    if not truth:
        raise Unlike(f"expected: {what}; it is not so")


@contextlib.contextmanager
def check(promise):
    global passed
    try:
        yield
    except Unlike as unlike:
        print(f"FAIL {CLIENT}: {promise}\n  {unlike}", flush=True)
        sys.exit(1)
    except Exception:  # noqa: BLE001 - whatever a client throws is a failed check
        print(f"FAIL {CLIENT}: {promise}", flush=True)
        traceback.print_exc(file=sys.stdout)
        sys.exit(1)
    passed += 1
    print(f"ok   {CLIENT}: {promise}", flush=True)


def refusal(kind, call, *args, **named):
    """The error of that class that a call must end with."""
    try:
        answer = call(*args, **named)
    except kind as error:
        return error
    raise Unlike(f"expected: {kind.__name__}; came: {answer!r}")


def done(name):
    print(f"     {CLIENT}: {passed} checks passed, by {name}", flush=True)


def back_door(base):
    """The stand-in's back door: what a person or the weather does. It is not part of what a real system offers."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def knock(door, body=None):
        data = None if body is None else json.dumps(body).encode()
        with direct.open(f"{base}/_admin/{door}", data) as response:
            return json.load(response)

    return knock

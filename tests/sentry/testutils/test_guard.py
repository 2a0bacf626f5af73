import contextlib
import socket
import subprocess
import threading
import time

import httpx
import pytest
from django.db import transaction

from sentry.testutils.cases import TestCase, TransactionTestCase
from sentry.testutils.guard import (
    OutsideCallInTransactionError,
    expected_violation,
    transactions_stay_inside,
)


def _http():
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
        client.get("http://host.example/")


def _connect():
    with socket.socket() as stream:
        stream.connect(("127.0.0.1", 1))


OUTSIDE = {
    "sleep": lambda: time.sleep(0),
    "process": lambda: subprocess.run(["true"], check=True),
    "network": _connect,
    "http": _http,
}


class GuardInsideTestCaseTest(TestCase):
    def test_an_outside_call_in_a_transaction_raises(self):
        for name, act in OUTSIDE.items():
            with (
                self.subTest(name),
                expected_violation(),
                transaction.atomic(),
                pytest.raises(OutsideCallInTransactionError),
            ):
                act()

    def test_the_transaction_of_the_test_itself_does_not_count(self):
        time.sleep(0)
        _http()

    def test_what_product_code_swallows_is_told_at_the_end(self):
        swallowed = contextlib.suppress(OutsideCallInTransactionError)
        told = pytest.raises(OutsideCallInTransactionError, match="sleep")
        with (
            pytest.MonkeyPatch.context() as patch,
            expected_violation(),
            told,
            transactions_stay_inside(patch),
            transaction.atomic(),
            swallowed,
        ):
            time.sleep(0)

    def test_another_thread_is_not_in_this_transaction(self):
        with transaction.atomic():
            thread = threading.Thread(target=_http)
            thread.start()
            thread.join()


class GuardInTransactionTestCaseTest(TransactionTestCase):
    def test_an_outside_call_in_a_transaction_raises(self):
        with (
            expected_violation(),
            transaction.atomic(),
            pytest.raises(OutsideCallInTransactionError),
        ):
            time.sleep(0)

    def test_after_the_transaction_it_is_allowed(self):
        with transaction.atomic():
            pass
        time.sleep(0)

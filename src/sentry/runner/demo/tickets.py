"""A ticket on the host, or the refusal of a host without any."""

from collections.abc import Sequence
from functools import partial

import httpx

from sentry.runner.demo.abilities import demand_refusal, support
from sentry.runner.demo.hosts import TicketOnHost
from sentry.runner.demo.report import Report
from sentry.runner.demo.setting import Setting
from sentry_scm_client import CAPABILITY_ISSUES, ScmClient

_TITLE = "KeyError: 'price'"


def open_ticket(client: ScmClient, setting: Setting, report: Report) -> None:
    """Opens a ticket, looks for it on the host, and ties it to an issue group."""
    report.heading("GetCapabilities, CreateExternalIssue and LinkExternalIssue")
    told = support(client, CAPABILITY_ISSUES, integration_id=setting.integration_id)
    ticket = setting.host.ticket
    report.fact("has issues", told.supported, ticket is not None)
    create = partial(
        client.create_external_issue,
        integration_id=setting.integration_id,
        title=_TITLE,
        description="Seen in production.",
        metadata={"repo": ticket.home if ticket else setting.host.full_name},
    )
    if ticket is None:
        demand_refusal(create, told, report)
        return
    issue = create()
    report.fact("key", issue.key, ticket.key)
    on_host = _on_host(setting, ticket)
    report.fact("page", issue.web_url, _at(on_host, ticket.page))
    report.fact("title on the host", _TITLE, _at(on_host, ticket.title))
    linked = client.link_external_issue(setting.group_id, issue.id)
    report.fact(f"linked to issue group {setting.group_id}", linked.key, ticket.key)


def _on_host(setting: Setting, ticket: TicketOnHost) -> object:
    answer = httpx.get(
        setting.host_url + ticket.path,
        headers=dict(ticket.headers(setting.host_token)),
        trust_env=False,
    )
    answer.raise_for_status()
    return answer.json()


def _at(value: object, keys: Sequence[str]) -> object:
    """What stands in nested objects below these keys; None where it is not there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value

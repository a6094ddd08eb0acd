"""`gatebridge check`: is everything set up, and if not, what to do."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import typer

from bridge.cli import context as cli_context
from bridge.cli.output import OUT, print_json, say
from bridge.domain.errors import BridgeError, Unauthorized, inert
from bridge.ports.clock import SystemClock
from bridge.ports.findings import Finding, Verdict
from bridge.settings import BudgetSettings, Mode, PolicySettings, Settings
from bridge.telemetry import Metrics

_SIGNS: Final = {
    Verdict.OK: "[green]ok     [/]",
    Verdict.WARNING: "[yellow]warning[/]",
    Verdict.FAILED: "[red]FAILED [/]",
}


def check(
    context: typer.Context,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """Look at configuration, certificate, API key, webhook secret, custom fields, unit mapping and adapters.

    Changes nothing.
    """
    settings = cli_context.settings_for(context, config)
    findings = asyncio.run(_all(settings))
    if as_json:
        print_json([{"subject": f.subject, "verdict": f.verdict, "text": f.text, "advice": f.advice} for f in findings])
    else:
        for finding in findings:
            OUT.print(_SIGNS[finding.verdict], end=" ")
            say(f"{inert(finding.subject)}: {inert(finding.text)}")
            if finding.advice:
                say(f"        -> {inert(finding.advice)}")
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(1)


async def _all(settings: Settings) -> Sequence[Finding]:
    from bridge.service.certificate import look_at
    from bridge.wiring import plug_in

    findings = [*_configuration(settings), *_pauses(settings)]
    in_front = await look_at(settings.server.public_url, now=SystemClock().now())
    if in_front is not None:
        findings.append(in_front.finding)
    async with plug_in(settings, Metrics()) as plugs:
        for name, source in plugs.sources.items():
            findings += await _asked(f"connection {name}", source.check)
        for site in plugs.sites.values():
            subject = f"site {site.id} ({site.adapter_key})"
            limits = site.capabilities.consequences()
            findings += [Finding(subject=subject, verdict=Verdict.OK, text=text) for text in limits]
            findings += await _asked(subject, site.adapter.check)
    return findings


async def _asked(subject: str, question: Callable[[], Awaitable[Sequence[Finding]]]) -> Sequence[Finding]:
    try:
        return await question()
    except Unauthorized as error:
        advice = "Make a new key at the other side and put it into the configuration."
        return [Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]
    except BridgeError as error:
        advice = "Look at the URL and at the network between the two."
        return [Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]


def _configuration(settings: Settings) -> Sequence[Finding]:
    findings = [Finding(subject="configuration", verdict=Verdict.OK, text="it can be read and every key is known")]
    if not settings.connections:
        findings.append(
            Finding(
                subject="connections",
                verdict=Verdict.FAILED,
                text="there is none",
                advice="Add [connections.NAME] with source, base_url, api_key and webhook_secrets.",
            )
        )
    for name in settings.connections:
        root = settings.server.public_url
        text = f"the webhook's URL is {(root or 'https://YOUR-BRIDGE').rstrip('/')}/webhooks/{name}"
        advice = "" if root else "Set server.public_url to see the whole URL here."
        verdict = Verdict.OK if root else Verdict.WARNING
        findings.append(Finding(subject=f"connection {name}", verdict=verdict, text=text, advice=advice))
    for site in settings.sites:
        text = f"{_told(site.policy)}, {_told(site.budget)}, zone {settings.zone(site).key}"
        findings.append(Finding(subject=f"site {site.id}", verdict=Verdict.OK, text=text))
        if site.mode is Mode.SHADOW:
            text = "it is in shadow: everything is read and planned, and nothing is written to gate system or platform"
            advice = 'See gatebridge shadow report; to go live, set its mode = "live" and start the bridge again.'
            findings.append(Finding(subject=f"site {site.id}", verdict=Verdict.WARNING, text=text, advice=advice))
    return findings


def _pauses(settings: Settings) -> Sequence[Finding]:
    from bridge.store import paused_in

    try:
        pauses = paused_in(settings.store.url)
    except BridgeError as error:
        advice = "Look at the database that store.url names, and at who may read it."
        return [Finding(subject="store", verdict=Verdict.FAILED, text=str(error), advice=advice)]
    advice = "No door is opened or closed there. Go on with `gatebridge resume`."
    return [Finding(subject="paused", verdict=Verdict.WARNING, text=str(pause), advice=advice) for pause in pauses]


def _told(section: PolicySettings | BudgetSettings) -> str:
    """Return every rule of a site as it is in force, those that were left out too."""
    rules = {name: getattr(section, name) for name in type(section).model_fields}
    texts = {name: " ".join(value) if isinstance(value, tuple) else value for name, value in rules.items()}
    return ", ".join(f"{name} = {'none' if text in ('', None) else text}" for name, text in texts.items())

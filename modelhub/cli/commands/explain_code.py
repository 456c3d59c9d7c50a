"""The explain-code command: what the code of a problem means."""

from __future__ import annotations

import click

from modelhub.cli.printing import colour
from modelhub.cli.tables import print_table
from modelhub.diagnostics import CODES, EXPLANATIONS


@click.command("explain-code")
@click.argument("codes", nargs=-1, metavar="[CODE]...")
def explain_code(codes: tuple[str, ...]) -> None:
    """What a code means, how it comes about, and what to do; all codes when none is named.

    \b
    modelhub explain-code MH103
    """
    if not codes:
        print_table(list(CODES.items()))
        return
    unknown = [code for code in codes if code.upper() not in EXPLANATIONS]
    if unknown:
        raise click.UsageError(f"there is no code {unknown[0]}; `modelhub explain-code` lists them all")
    texts = []
    for code, title, meaning, wrong, right in (EXPLANATIONS[name.upper()] for name in codes):
        head = f"{colour(code, bold=True)} {title}"
        texts.append(f"{head}\n\n{meaning}\n\nWrong:\n\n{_indent(wrong)}\n\nRight:\n\n{_indent(right)}")
    click.echo("\n\n".join(texts))


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().split("\n"))

"""Synthesises environments: no AWS account, no Docker, no bundling."""

import json
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.configuration import load_environments
from stacks.relay_stack import RelayStack
from tests.stacks.synthesised import Synthesised

PROJECT = Path(__file__).parents[2]


def synthesise(directory: Path, *, protected: bool = True, **texts: str) -> Synthesised:
    """Build the environments `texts` (name: content of the file) in one app, with cdk-nag."""
    for name, text in texts.items():
        (directory / f"{name}.toml").write_text(text, encoding="utf-8")
    references = ",".join(str(directory / f"{name}.toml") for name in texts)
    out = directory / "cdk.out"
    # The flags are those of the deployment: another template is another product.
    context = json.loads((PROJECT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(outdir=str(out), context={**context, "aws:cdk:bundling-stacks": []})
    for environment in load_environments(references):
        RelayStack(app, environment=environment, protected=protected)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
    return Synthesised(
        templates={
            name: json.loads((out / f"genesys-relay-{name}.template.json").read_text())
            for name in texts
        },
        manifest=json.loads((out / "manifest.json").read_text()),
        report=json.loads((out / "validation-report.json").read_text()),
    )

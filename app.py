"""The CDK app: decides which environments to build, from their configuration files.

`-c environment=<name>` chooses environments/<name>.toml; a path of a .toml file works too, and
several, separated by commas, are built together. `-c protected=false` leaves them deletable until
they stand: `make deploy` says so of a stack that is not there yet (ops/deploy.py).
"""

import json
import os
import sys
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.bundling import failure_in, remarks
from stacks.configuration import ConfigurationError, load_environments
from stacks.function import RUNTIME
from stacks.quotas import complaints
from stacks.relay_stack import RelayStack
from stacks.suspicions import suspicions

PROJECT = Path(__file__).parent


def main() -> int:
    """Write the cloud assembly; the exit code."""
    # The CDK CLI passes cdk.json's context on; `python app.py` by itself gets the same from here.
    context = json.loads((PROJECT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(
        context=context,
        outdir=os.environ.get("CDK_OUTDIR", "cdk.out"),
        analytics_reporting=False,
    )
    try:
        environments = load_environments(str(app.node.try_get_context("environment")))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    protected = str(app.node.try_get_context("protected")) != "false"
    try:
        for environment in environments:
            RelayStack(app, environment=environment, protected=protected)
            for suspicion in suspicions(environment):
                print(f"warning: {environment.path}: {suspicion}", file=sys.stderr)
    except RuntimeError as error:
        sentence = failure_in(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return 1
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    for stack in app.synth().stacks:
        for complaint in complaints(stack.stack_name, stack.template):
            print(complaint, file=sys.stderr)
            return 1
    for remark in remarks(RUNTIME):
        print(f"note: {remark}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

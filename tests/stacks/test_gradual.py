"""Gradual deployment: whatever invokes a function invokes its alias, which CodeDeploy moves."""

from pathlib import Path

import pytest

from tests.stacks.environments import DESTINATIONS_AND_ROUTES, environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Synthesised, Template, readable, resources
from tests.stacks.test_lint import lint, written

#: those that are deployed gradually
VERBS = ("Intake", "Dedup", "Write", "Confirm", "Webhook")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    more = '[webhook]\nverification = "signature"\n[deployment]\ngradual = true\n'
    text = environment_text(rest=DESTINATIONS_AND_ROUTES + more)
    return synthesise(tmp_path_factory.mktemp("gradual"), gradual=text)


@pytest.fixture
def template(made: Synthesised) -> Template:
    return made.templates["gradual"]


def test_each_queue_and_the_webhook_invoke_an_alias(template: Template) -> None:
    mappings = resources(template, "AWS::Lambda::EventSourceMapping").values()
    fed = {readable(mapping["Properties"]["FunctionName"]) for mapping in mappings}
    (integration,) = resources(template, "AWS::ApiGatewayV2::Integration").values()

    # An alias's name is in its ARN, after the sixth colon.
    assert fed == {f"<{verb}FunctionLive>.split(:)[6]:live" for verb in VERBS[:-1]}
    assert readable(integration["Properties"]["IntegrationUri"]) == "<WebhookFunctionLive>"


@pytest.mark.parametrize("verb", VERBS)
def test_an_alias_moves_to_its_new_version_by_way_of_a_share(template: Template, verb: str) -> None:
    alias = resources(template, "AWS::Lambda::Alias")[f"{verb}FunctionLive"]
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    group = resources(template, "AWS::CodeDeploy::DeploymentGroup")[f"Gradual{verb}"]["Properties"]

    assert readable(update["DeploymentGroupName"]) == f"<Gradual{verb}>"
    assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"


@pytest.mark.parametrize("verb", VERBS)
def test_errors_of_the_alias_and_what_nobody_foresaw_roll_it_back(
    template: Template, verb: str
) -> None:
    group = resources(template, "AWS::CodeDeploy::DeploymentGroup")[f"Gradual{verb}"]["Properties"]
    rings = [readable(alarm["Name"]) for alarm in group["AlarmConfiguration"]["Alarms"]]
    alarm = resources(template, "AWS::CloudWatch::Alarm")[f"Gradual{verb}Failing"]["Properties"]
    watched = {
        row["MetricStat"]["Metric"]["MetricName"]: {
            each["Name"]: readable(each["Value"])
            for each in row["MetricStat"]["Metric"]["Dimensions"]
        }
        for row in alarm["Metrics"]
        if "MetricStat" in row
    }

    assert group["AlarmConfiguration"]["Enabled"]
    assert rings == [f"<Gradual{verb}Failing>"]
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert watched["Errors"]["Resource"] == f"<{verb}Function>:live"
    if verb != "Webhook":
        assert watched["Unexpected"] == {"environment": "gradual", "service": verb.lower()}
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)


def test_a_permission_to_invoke_is_for_the_alias(template: Template) -> None:
    permissions = resources(template, "AWS::Lambda::Permission").values()
    invoked = {readable(each["Properties"]["FunctionName"]) for each in permissions}

    assert invoked == {"<WebhookFunctionLive>", "<ReconcileFunction>", "<AlertFunction>"}


def test_what_runs_every_15_minutes_is_deployed_at_once(template: Template) -> None:
    rules = resources(template, "AWS::Events::Rule")["ReconcileEvery15Minutes"]["Properties"]

    assert readable(rules["Targets"][0]["Arn"]) == "<ReconcileFunction>"
    assert "ReconcileFunctionLive" not in resources(template, "AWS::Lambda::Alias")


def test_the_rules_and_the_lint_find_nothing(made: Synthesised, tmp_path: Path) -> None:
    assert made.report["pluginReports"] == []
    assert lint(written(tmp_path, "gradual", made.templates["gradual"])) == []


def test_nothing_of_it_is_there_unless_configured(tmp_path: Path) -> None:
    template = synthesise(tmp_path, usual=environment_text()).templates["usual"]

    kinds = {each["Type"] for each in template["Resources"].values()}
    assert "AWS::Lambda::Function" in kinds
    assert not [kind for kind in kinds if kind.endswith(("Alias", "Version", "Application"))]

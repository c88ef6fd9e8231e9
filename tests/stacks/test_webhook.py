"""The webhook: there only if it is configured, narrow, throttled, and clean for cdk-nag."""

import json

import pytest

from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Synthesised, Template, as_list, only, readable, resources

WITH_WEBHOOK = (
    environment_text()
    + """
[webhook]
verification = "signature"
requests_per_second = 7
burst = 9
replay_window_s = 120
sender_requests_per_minute = 90
types = { "shop.example" = ["order.*"] }
"""
)


CERTIFICATE = (
    "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-4000-8000-000000000000"
)
WITH_DOMAIN = (
    environment_text(source="aws.partner/genesys.com/cloud/org/own")
    + f"""
[webhook]
answers_copies = true
[webhook.domain]
name = "hooks.example.com"
certificate_arn = "{CERTIFICATE}"
truststore = "s3://example-trust/of/clients.pem"
truststore_version = "v7"
"""
)


@pytest.fixture(scope="module")
def synthesised(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    return synthesise(
        tmp_path_factory.mktemp("webhook"),
        hooked=WITH_WEBHOOK,
        own=WITH_DOMAIN,
        plain=environment_text(source="aws.partner/genesys.com/cloud/org/plain"),
    )


@pytest.fixture(scope="module")
def template(synthesised: Synthesised) -> Template:
    return synthesised.templates["hooked"]


def test_without_the_table_there_is_no_endpoint(synthesised: Synthesised) -> None:
    plain = synthesised.templates["plain"]

    assert not [r for r in plain["Resources"].values() if "ApiGateway" in r["Type"]]
    assert not [name for name in plain["Outputs"] if name.startswith("Webhook")]


def test_with_it_the_stack_says_where_the_first_sender_posts_to(template: Template) -> None:
    outputs = template["Outputs"]

    assert {"WebhookUrl", "WebhookSecretName", "WebhookFunctionName"} <= set(outputs)
    assert readable(outputs["WebhookUrl"]["Value"]).endswith("/events/webhook")


def test_a_named_sender_has_a_route_and_a_rate_limit_of_its_own(template: Template) -> None:
    routes = resources(template, "AWS::ApiGatewayV2::Route").values()
    stage = only(template, "AWS::ApiGatewayV2::Stage")["Properties"]

    keys = {route["Properties"]["RouteKey"] for route in routes}
    assert keys == {"POST /events/{sender}", "POST /events/shop.example"}
    assert stage["RouteSettings"] == {
        key: {"ThrottlingRateLimit": 7, "ThrottlingBurstLimit": 9} for key in keys
    }
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 7,
        "ThrottlingBurstLimit": 9,
    }
    integration = only(template, "AWS::ApiGatewayV2::Integration")["Properties"]
    assert integration["PayloadFormatVersion"] == "2.0"


def test_an_api_is_named_after_its_environment(synthesised: Synthesised) -> None:
    for name in ("hooked", "own"):
        api = only(synthesised.templates[name], "AWS::ApiGatewayV2::Api")["Properties"]
        assert api["Name"] == f"genesys-relay-{name}"


def test_the_access_log_says_from_where_and_contains_nothing_that_was_sent(
    template: Template,
) -> None:
    settings = only(template, "AWS::ApiGatewayV2::Stage")["Properties"]["AccessLogSettings"]

    logged = set(json.loads(settings["Format"]).values())
    assert all(value.startswith("$context.") for value in logged)
    assert "$context.identity.sourceIp" in logged
    assert not [value for value in logged if "path" in value.lower()]


def function_of(template: Template) -> dict[str, str]:
    functions = resources(template, "AWS::Lambda::Function")
    properties = functions["WebhookFunction"]["Properties"]
    assert properties["Handler"] == "lambdas.webhook.handler"
    assert properties["Timeout"] < 30
    variables: dict[str, str] = readable(properties["Environment"]["Variables"])
    return variables


def test_the_function_has_the_variables_that_its_handler_reads(template: Template) -> None:
    variables = function_of(template)

    assert variables["EVENTS_QUEUE_URL"] == "<QueuesEventsQueue>"
    assert variables["WEBHOOK_SECRET_ID"] == "<WebhookKeys>"
    assert variables["WEBHOOK_VERIFICATION"] == "signature"
    assert variables["WEBHOOK_REPLAY_WINDOW_S"] == "120"
    assert variables["WEBHOOK_SENDER_REQUESTS_PER_MINUTE"] == "90"


def test_the_function_may_queue_events_and_read_its_own_secret(template: Template) -> None:
    assert allowed_of(template) == {
        ("sqs:SendMessage", "<QueuesEventsQueue>"),
        ("secretsmanager:GetSecretValue", "<WebhookKeys>"),
    }


def test_where_it_names_copies_it_may_read_claims_too(synthesised: Synthesised) -> None:
    plain, asking = (synthesised.templates[name] for name in ("hooked", "own"))

    assert function_of(plain)["WEBHOOK_ANSWERS_COPIES"] == "false"
    assert not {"LEDGER_TABLE", "PERSONAL_KEY_ID"} & set(function_of(plain))
    assert function_of(asking)["WEBHOOK_ANSWERS_COPIES"] == "true"
    assert function_of(asking)["LEDGER_TABLE"] == "<LedgerTable>"
    assert function_of(asking)["PERSONAL_KEY_ID"] == "<PersonalKeySecret>"
    assert allowed_of(asking) - allowed_of(plain) == {
        ("dynamodb:Query", "<LedgerTable>"),
        ("secretsmanager:GetSecretValue", "<PersonalKeySecret>"),
    }


def test_a_custom_domain_asks_for_a_certificate_and_is_the_only_way_in(
    synthesised: Synthesised,
) -> None:
    plain, own = (synthesised.templates[name] for name in ("hooked", "own"))
    domain = only(own, "AWS::ApiGatewayV2::DomainName")["Properties"]
    mapping = only(own, "AWS::ApiGatewayV2::ApiMapping")["Properties"]

    assert domain["DomainName"] == "hooks.example.com"
    assert domain["DomainNameConfigurations"] == [
        {
            "CertificateArn": CERTIFICATE,
            "EndpointType": "REGIONAL",
            "SecurityPolicy": "TLS_1_2",
        }
    ]
    assert domain["MutualTlsAuthentication"] == {
        "TruststoreUri": "s3://example-trust/of/clients.pem",
        "TruststoreVersion": "v7",
    }
    assert only(own, "AWS::ApiGatewayV2::Api")["Properties"]["DisableExecuteApiEndpoint"] is True
    assert readable(mapping["DomainName"]) == "<WebhookDomain>"
    assert mapping["Stage"] == "$default"
    assert own["Outputs"]["WebhookUrl"]["Value"] == "https://hooks.example.com/events/webhook"
    assert "WebhookDomainTarget" in own["Outputs"]
    assert not resources(plain, "AWS::ApiGatewayV2::DomainName")
    api = only(plain, "AWS::ApiGatewayV2::Api")["Properties"]
    assert not api.get("DisableExecuteApiEndpoint", False)


def allowed_of(template: Template) -> set[tuple[str, str]]:
    policies = resources(template, "AWS::IAM::Policy")
    (policy,) = (p for name, p in policies.items() if name.startswith("WebhookRole"))
    return {
        (action, readable(resource))
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if not action.startswith(("logs:", "xray:"))
    }


def test_the_first_senders_key_is_random_and_long(template: Template) -> None:
    secret = resources(template, "AWS::SecretsManager::Secret")["WebhookKeys"]["Properties"]

    assert secret["GenerateSecretString"] == {
        "SecretStringTemplate": "{}",
        "GenerateStringKey": "webhook",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }


def test_cdk_nag_finds_nothing(synthesised: Synthesised) -> None:
    assert synthesised.report["pluginReports"] == []


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ('verification = "none"', ['webhook.verification is "none"', '"signature" or "token"']),
        ("replay_window_s = 5", ["webhook.replay_window_s is 5", "from 30 to 3600"]),
        ("requests_per_second = 0", ["webhook.requests_per_second is 0", "from 1 to 10000"]),
        ('domain = { name = "Hooks" }', ["webhook.domain", "expected"]),
        (
            f'domain = {{ name = "a.example", certificate_arn = "{CERTIFICATE}", '
            'truststore = "clients.pem" }',
            ["webhook.domain.truststore", "s3://bucket/clients.pem"],
        ),
        (
            f'domain = {{ name = "a.example", certificate_arn = "{CERTIFICATE}", '
            'truststore_version = "1" }',
            ["truststore_version is given without truststore"],
        ),
        ("secret = 'x'", ["webhook.secret is not a known key", "burst"]),
    ],
)
def test_a_wrong_setting_gives_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, line: str, parts: list[str]
) -> None:
    with pytest.raises(Exception, match="webhook") as raised:
        synthesise(tmp_path_factory.mktemp("bad"), bad=environment_text() + f"[webhook]\n{line}\n")

    assert all(part in str(raised.value) for part in parts)

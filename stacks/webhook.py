"""webhook: an HTTPS endpoint for senders that cannot reach an event bus. Only where configured."""

import json

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.function import FunctionSettings, relay_function
from stacks.gradual import live
from stacks.log_group import log_group
from stacks.queues import grant_send
from stacks.shared import Shared
from stacks.webhook_domain import own_domain
from stacks.webhook_table import Webhook as Settings

#: The sender that has a key from the start; others are added to the secret.
FIRST_SENDER = "webhook"
KEY_CHARS = 64
#: What an on-call engineer needs to know of a request and its origin; nothing of its content.
ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "at": "$context.requestTime",
    "address": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "status": "$context.status",
    "protocol": "$context.protocol",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}


class Webhook(Construct):
    """API Gateway (TLS 1.2 or newer, throttled) in front of a function that only queues events.

    An HTTP API rather than a function URL: it throttles before anything is billed or run, logs
    what it refuses, and can have a domain name (docs/decisions/0011-webhook.md).
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, shared: Shared, webhook: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self.secret = secretsmanager.Secret(
            self,
            "Keys",
            description=(
                "The keys of the senders of genesys-relay's webhook: by sender, one or a list"
            ),
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",
                generate_string_key=FIRST_SENDER,
                password_length=KEY_CHARS,
                exclude_punctuation=True,
            ),
            removal_policy=shared.settings.removal_policy,
        )
        acknowledge(
            self.secret,
            "AwsSolutions-SMG4",
            "A key is shared with a sender, who must get the new one. All keys in the list are "
            "valid, so a person can rotate them without interruption.",
        )
        asked = (
            {
                "LEDGER_TABLE": shared.ledger.table.table_name,
                **shared.personal_key.environment(),
            }
            if webhook.answers_copies
            else {}
        )
        self.function, role = relay_function(
            self,
            verb="webhook",
            settings=shared.settings,
            environment={
                "EVENTS_QUEUE_URL": shared.queues.events.queue.queue_url,
                "WEBHOOK_SECRET_ID": self.secret.secret_arn,
                "WEBHOOK_VERIFICATION": webhook.verification,
                "WEBHOOK_REPLAY_WINDOW_S": str(webhook.replay_window_s),
                "WEBHOOK_SENDER_REQUESTS_PER_MINUTE": str(webhook.sender_requests_per_minute),
                "WEBHOOK_ANSWERS_COPIES": str(webhook.answers_copies).lower(),
                **asked,
            },
        )
        grant_send(role, shared.queues.events.queue)
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[self.secret.secret_arn],
        )
        if webhook.answers_copies:
            shared.ledger.grant(role, ["Query"])
            shared.personal_key.grant_read(role)
        #: what a custom domain name should point to; None: there is none
        self.domain_target: str | None = None
        self.url = self._endpoint(webhook, shared.settings)

    def outputs(self) -> dict[str, str]:
        """What the stack tells of it."""
        target = {} if self.domain_target is None else {"WebhookDomainTarget": self.domain_target}
        return {
            "WebhookUrl": self.url,
            "WebhookSecretName": self.secret.secret_arn,
            "WebhookFunctionName": self.function.function_name,
            **target,
        }

    def _endpoint(self, webhook: Settings, settings: FunctionSettings) -> str:
        """The address that the first sender posts to."""
        api = apigateway.HttpApi(
            self,
            "Api",
            api_name=f"genesys-relay-{settings.environment}",
            description=f"genesys-relay {settings.environment}: webhook",
            create_default_stage=False,
            disable_execute_api_endpoint=webhook.domain is not None,
        )
        integration = integrations.HttpLambdaIntegration(
            "Integration", live(self.function, is_gradual=settings.is_gradual)
        )
        paths = [f"/events/{sender}" for sender in ("{sender}", *sorted(webhook.types))]
        routes = [
            route
            for path in paths
            for route in api.add_routes(
                path=path, methods=[apigateway.HttpMethod.POST], integration=integration
            )
        ]
        for route in routes:
            acknowledge(
                route,
                "AwsSolutions-APIG4",
                "The function verifies each sender's signature over the body, which an HTTP API "
                "does not pass to authorizers.",
            )
        logs = log_group(
            self,
            "AccessLogs",
            retention_days=settings.log_retention_days,
            removal_policy=settings.removal_policy,
        )
        stage = apigateway.CfnStage(
            self,
            "Stage",
            api_id=api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=webhook.requests_per_second,
                throttling_burst_limit=webhook.burst,
            ),
            # A limit for each route: flooding the shared one takes no capacity from a sender that
            # has its own.
            route_settings={
                f"POST {path}": {
                    "ThrottlingRateLimit": webhook.requests_per_second,
                    "ThrottlingBurstLimit": webhook.burst,
                }
                for path in paths
            },
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=logs.log_group_arn, format=json.dumps(ACCESS_LOG_FIELDS)
            ),
        )
        for route in routes:
            stage.add_resource_dependency(_l1(route))
        if webhook.domain is None:
            return f"{api.api_endpoint}/events/{FIRST_SENDER}"
        domain = own_domain(self, webhook.domain, api, stage)
        self.domain_target = domain.regional_domain_name
        return f"https://{webhook.domain.name}/events/{FIRST_SENDER}"


def _l1(route: apigateway.HttpRoute) -> cdk.CfnResource:
    resource = route.node.default_child
    assert isinstance(resource, cdk.CfnResource)
    return resource

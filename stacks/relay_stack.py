"""The stack of one environment: its constructs, and how they are connected."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from lambdas.relay.kernel import limits
from stacks.alert import Alert
from stacks.audit import Audit
from stacks.bundling import shared_code
from stacks.buses import Buses
from stacks.configuration import Environment
from stacks.confirm import Confirm
from stacks.credentials import Credentials
from stacks.dedup import Dedup
from stacks.deployer_policy import DeployerPolicy
from stacks.encryption import Encryption
from stacks.environment_document import Relay as Settings
from stacks.function import RUNTIME, FunctionSettings
from stacks.genesys_access import GenesysAccess
from stacks.gradual import ALIAS, Gradual
from stacks.intake import Intake
from stacks.ledger import Ledger
from stacks.monitoring import Monitoring
from stacks.narrowing import narrowed
from stacks.network import ExistingNetwork, Network
from stacks.operator_role import OperatorRole
from stacks.personal_key import PersonalKey
from stacks.queues import Queues
from stacks.reconcile import Reconcile
from stacks.relations import require_relations
from stacks.shared import Shared
from stacks.sinks import Sinks
from stacks.vault import Vault
from stacks.version import VERSION
from stacks.webhook import Webhook
from stacks.write import Write

#: Resources of the first deploy are kept only once that deploy has succeeded.
REMOVAL_POLICIES = {
    "retain": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    "destroy": cdk.RemovalPolicy.DESTROY,
}
AVAILABILITY_ZONES = 2
#: the names of the alarms begin with it
MONITORING = "Monitoring"
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


class RelayStack(cdk.Stack):
    """genesys-relay in one environment. It composes; the constructs own the resources."""

    def __init__(self, scope: Construct, *, environment: Environment, protected: bool) -> None:
        """`protected`: protect resources from deletion, if the environment retains them at all."""
        relay = environment.document.relay
        name = f"genesys-relay-{environment.name}"
        removal_policy = REMOVAL_POLICIES[relay.removal]
        super().__init__(
            scope,
            name,
            description=f"genesys-relay {VERSION}, environment {environment.name}",
            env=cdk.Environment(account=relay.account, region=relay.region),
            termination_protection=protected and relay.removal == "retain",
            synthesizer=cdk.DefaultStackSynthesizer(qualifier=relay.bootstrap_qualifier),
        )
        _fit(self, relay)
        timing = limits.TIMINGS[relay.timing]
        require_relations(timing, relay.archive_days)

        queues = Queues(
            self, "Queues", timing=timing, has_lanes=relay.lanes, removal_policy=removal_policy
        )
        ledger = Ledger(self, "Ledger", removal_policy=removal_policy, restored=relay.ledger_table)
        personal_key = PersonalKey(
            self, "PersonalKey", removal_policy=removal_policy, adopted=relay.personal_key_arn
        )
        vault = Vault(self, "Vault", relay=relay, removal_policy=removal_policy)
        credentials = Credentials(self, "Credentials", removal_policy=removal_policy)
        buses = Buses(
            self,
            "Buses",
            relay=relay,
            wanted=narrowed(
                relay.partner_event_source,
                relay.account,
                relay.detail_types,
                environment.configuration,
            ),
            relay_bus_name=name,
            events_queue=queues.events,
            removal_policy=removal_policy,
        )
        network = _network(self, relay, removal_policy)
        shared = Shared(
            settings=FunctionSettings(
                environment=environment.name,
                timing=relay.timing,
                code=shared_code(
                    runtime=RUNTIME,
                    architecture=relay.architecture,
                    configuration=environment.functions_document,
                ),
                architecture=ARCHITECTURES[relay.architecture],
                log_retention_days=relay.log_retention_days,
                removal_policy=removal_policy,
                is_gradual=environment.document.deployment.gradual,
                network=network,
            ),
            queues=queues,
            ledger=ledger,
            vault=vault,
            credentials=credentials,
            personal_key=personal_key,
            genesys=GenesysAccess(
                api_url=relay.genesys_api_url,
                login_url=relay.genesys_login_url,
                requests_per_minute=relay.requests_per_minute,
                headroom=relay.headroom,
            ),
        )
        intake = Intake(self, "Intake", shared=shared, linger_s=relay.linger_s)
        dedup = Dedup(self, "Dedup", shared=shared)
        sinks = Sinks(
            self, "Sinks", configuration=environment.configuration, removal_policy=removal_policy
        )
        write = Write(
            self, "Write", shared=shared, sinks=sinks, concurrency_max=relay.writer_concurrency
        )
        confirm = Confirm(self, "Confirm", shared=shared)
        reconcile = Reconcile(self, "Reconcile", shared=shared)
        webhook = (
            Webhook(self, "Webhook", shared=shared, webhook=environment.document.webhook)
            if environment.document.webhook is not None
            else None
        )
        audit = (
            Audit(self, "Audit", shared=shared, audit=environment.document.audit)
            if environment.document.audit is not None
            else None
        )
        alert = Alert(self, "Alert", shared=shared, alarms=MONITORING)
        functions = {
            verb.node.id.lower(): verb.function
            for verb in (intake, dedup, write, confirm, reconcile, alert, webhook, audit)
            if verb is not None
        }
        if environment.document.deployment.gradual:
            Gradual(self, "Gradual", environment=environment.name, functions=functions)
        buses.open_after(intake, dedup, write, confirm, reconcile)
        monitoring = Monitoring(
            self, MONITORING, shared=shared, relay=relay, rules=buses.rules, functions=functions
        )
        operator = OperatorRole(
            self,
            "Operator",
            shared=shared,
            buses=buses,
            topics=[monitoring.topic, alert.topic],
            functions=functions,
            secrets=[credentials.secret, personal_key.secret, *filter(None, [sinks.secret])],
        )
        deployer = DeployerPolicy(self, "Deployer", name=environment.name, relay=relay)
        if relay.kms_key_arn is not None:
            encryption = Encryption(relay.kms_key_arn)
            cdk.Aspects.of(self).add(encryption)
            encryption.grant(*functions.values(), operator.policy)
            operator.may_look_at(relay.kms_key_arn)
        outputs = {
            "Version": VERSION,
            "PartnerBusName": buses.partner_name,
            "RelayBusName": buses.relay.ref,
            "LedgerTableName": ledger.table.table_name,
            "VaultBucketName": vault.bucket.bucket_name,
            "GenesysSecretName": credentials.secret.secret_arn,
            "PersonalKeySecretName": personal_key.secret.secret_arn,
            "AlarmTopicArn": monitoring.topic.topic_arn,
            "AlarmDetailsTopicArn": alert.topic.topic_arn,
            "OperatorRoleArn": operator.role.role_arn,
            "OperatorPolicyArn": operator.policy.managed_policy_arn,
            "DeployerPolicyArn": deployer.policy.managed_policy_arn,
            "Destinations": ",".join(environment.document.destinations),
        }
        outputs |= queues.outputs()
        for verb in (intake, dedup, write, confirm, reconcile, alert):
            outputs[f"{verb.node.id}FunctionName"] = verb.function.function_name
        if network is not None and network.address is not None:
            outputs["EgressAddress"] = network.address
        if relay.kms_key_arn is not None:
            outputs["KeyArn"] = relay.kms_key_arn
        if sinks.secret is not None:
            outputs["SigningSecretName"] = sinks.secret.secret_arn
        if environment.document.deployment.gradual:
            outputs["FunctionAlias"] = ALIAS
        if webhook is not None:
            outputs |= webhook.outputs()
        if audit is not None:
            outputs["AuditFunctionName"] = audit.function.function_name
        for output, value in outputs.items():
            cdk.CfnOutput(self, output, value=value)

    @property
    def availability_zones(self) -> list[str]:
        """The first two of the region, whichever they are: CDK would query AWS for their names, and
        synthesis must work without AWS."""
        return [cdk.Fn.select(zone, cdk.Fn.get_azs()) for zone in range(AVAILABILITY_ZONES)]


def _fit(stack: cdk.Stack, relay: Settings) -> None:
    """Apply what the account's owners require of every resource."""
    for key, value in relay.tags.items():
        cdk.Tags.of(stack).add(key, value)
    if relay.permissions_boundary is not None:
        iam.PermissionsBoundary.of(stack).apply(
            iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", relay.permissions_boundary)
        )


def _network(
    stack: cdk.Stack, relay: Settings, removal_policy: cdk.RemovalPolicy
) -> Network | ExistingNetwork | None:
    """The network of the functions that call Genesys; None: Lambda's own."""
    if relay.vpc is not None:
        return ExistingNetwork(stack, "Network", existing=relay.vpc)
    if relay.fixed_egress:
        return Network(
            stack,
            "Network",
            log_retention_days=relay.log_retention_days,
            removal_policy=removal_policy,
            existing=relay.elastic_ip,
        )
    return None

"""A fixed address towards Genesys, for OAuth clients that are restricted to known addresses."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.existing_vpc import ElasticIp, ExistingVpc
from stacks.log_group import log_group

HTTPS_PORT = 443


class Network(Construct):
    """A VPC whose only way out is one NAT gateway, with an address that outlives the stack.

    One gateway, not one per zone: if its zone fails, the queues keep the work until it recovers.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_retention_days: int,
        removal_policy: cdk.RemovalPolicy,
        existing: ElasticIp | None,
    ) -> None:
        """`existing`: the address to use; None: create one."""
        super().__init__(scope, construct_id)
        if existing is None:
            made = ec2.CfnEIP(self, "Address", domain="vpc")
            # Genesys' allow-list contains this address: it must not change with the gateway or the
            # stack.
            made.apply_removal_policy(removal_policy)
            address, allocation = made.ref, made.attr_allocation_id
        else:
            address, allocation = existing.address, existing.allocation
        self.address: str | None = address
        self.subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        self.vpc: ec2.IVpc = ec2.Vpc(
            self,
            "Vpc",
            nat_gateways=1,
            nat_gateway_provider=ec2.NatProvider.gateway(eip_allocation_ids=[allocation]),
            # The alternative is a custom resource, one more function, to empty an unused group.
            restrict_default_security_group=False,
            # Both are free and keep traffic to the ledger and the vault off the gateway.
            gateway_endpoints={
                "Ledger": ec2.GatewayVpcEndpointOptions(
                    service=ec2.GatewayVpcEndpointAwsService.DYNAMODB
                ),
                "Vault": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
            },
        )
        self.vpc.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                log_group(
                    self,
                    "FlowLogs",
                    retention_days=log_retention_days,
                    removal_policy=removal_policy,
                )
            ),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        self.security_group = _outward_only(self, self.vpc)

    def grant_attachment(self, grantee: iam.IGrantable) -> None:
        grant_attachment(grantee)


class ExistingNetwork(Construct):
    """An existing VPC, such as a landing zone's: its owners manage its routes and addresses."""

    def __init__(self, scope: Construct, construct_id: str, *, existing: ExistingVpc) -> None:
        super().__init__(scope, construct_id)
        self.address: str | None = None
        zones = cdk.Stack.of(self).availability_zones
        self.vpc = ec2.Vpc.from_vpc_attributes(
            self, "Vpc", vpc_id=existing.id, availability_zones=zones
        )
        self.subnets = ec2.SubnetSelection(
            subnets=[ec2.Subnet.from_subnet_id(self, subnet, subnet) for subnet in existing.subnets]
        )
        acknowledge(
            self,
            "Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId",
            "The subnets' routes belong to their owner; this stack does not need them.",
        )
        self.security_group = _outward_only(self, self.vpc)

    def grant_attachment(self, grantee: iam.IGrantable) -> None:
        grant_attachment(grantee)


def _outward_only(scope: Construct, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    group = ec2.SecurityGroup(
        scope,
        "Functions",
        vpc=vpc,
        description="genesys-relay: HTTPS out, nothing in",
        allow_all_outbound=False,
    )
    group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS_PORT), "HTTPS")
    return group


def grant_attachment(grantee: iam.IGrantable) -> None:
    """What Lambda needs to attach a function to a VPC; these actions take no resources."""
    iam.Grant.add_to_principal(
        grantee=grantee,
        actions=[
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
        resource_arns=["*"],
    )

"""The keys `vpc` and `elastic_ip` of an environment file."""

from typing import Annotated

from pydantic import Field

from stacks.tables import Table

#: completes "expected ..."
VPC_FORM = 'a table such as { id = "vpc-0a1b2c3d", subnets = ["subnet-0a1b2c3d"] }'
ELASTIC_IP_FORM = 'a table such as { allocation = "eipalloc-0a1b2c3d", address = "203.0.113.7" }'
SubnetId = Annotated[str, Field(pattern=r"^subnet-([0-9a-f]{8}|[0-9a-f]{17})$")]


class ExistingVpc(Table):
    """An existing VPC with a way out to Genesys Cloud and to AWS."""

    id: str = Field(
        pattern=r"^vpc-([0-9a-f]{8}|[0-9a-f]{17})$",
        description="the id of a VPC, such as vpc-0a1b2c3d",
    )
    subnets: tuple[SubnetId, ...] = Field(
        min_length=1, description='a list of ids of private subnets, such as ["subnet-0a1b2c3d"]'
    )


class ElasticIp(Table):
    """An existing elastic IP address, which Genesys' allow-list may already contain."""

    allocation: str = Field(
        pattern=r"^eipalloc-([0-9a-f]{8}|[0-9a-f]{17})$",
        description="the allocation id of an elastic IP address, such as eipalloc-0a1b2c3d",
    )
    address: str = Field(
        pattern=r"^\d{1,3}(\.\d{1,3}){3}$", description="its address, such as 203.0.113.7"
    )

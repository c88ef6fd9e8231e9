"""The key `vpc` of an environment file."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

#: completes "expected ..."
VPC_FORM = 'a table such as { id = "vpc-0a1b2c3d", subnets = ["subnet-0a1b2c3d"] }'
SubnetId = Annotated[str, Field(pattern=r"^subnet-([0-9a-f]{8}|[0-9a-f]{17})$")]


class ExistingVpc(BaseModel):
    """A VPC that somebody else made, with a way out to Genesys Cloud and to AWS."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(
        pattern=r"^vpc-([0-9a-f]{8}|[0-9a-f]{17})$",
        description="the id of a VPC, such as vpc-0a1b2c3d",
    )
    subnets: tuple[SubnetId, ...] = Field(
        min_length=1, description='a list of ids of private subnets, such as ["subnet-0a1b2c3d"]'
    )

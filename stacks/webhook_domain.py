"""A custom domain name in front of the webhook, with mutual TLS where a trust store is named.

API Gateway does the handshake: a client without a certificate of these authorities gets no
connection, and no function runs. AWS' default endpoint is disabled, since it would bypass this
(docs.aws.amazon.com/apigateway/latest/developerguide/http-api-mutual-tls.html).
"""

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.webhook_table import Domain


def own_domain(
    scope: Construct, domain: Domain, api: apigateway.HttpApi, stage: apigateway.CfnStage
) -> apigateway.DomainName:
    """The name, pointing to the stage. Its DNS record is up to its owner."""
    made = apigateway.DomainName(
        scope,
        "Domain",
        domain_name=domain.name,
        certificate=acm.Certificate.from_certificate_arn(
            scope, "Certificate", domain.certificate_arn
        ),
        security_policy=apigateway.SecurityPolicy.TLS_1_2,
        mtls=_mutual_tls(scope, domain),
    )
    mapping = apigateway.CfnApiMapping(
        scope, "Mapping", api_id=api.api_id, domain_name=made.name, stage=stage.stage_name
    )
    mapping.add_resource_dependency(stage)
    return made


def _mutual_tls(scope: Construct, domain: Domain) -> apigateway.MTLSConfig | None:
    if domain.truststore is None:
        return None
    bucket, _, key = domain.truststore.removeprefix("s3://").partition("/")
    return apigateway.MTLSConfig(
        bucket=s3.Bucket.from_bucket_name(scope, "Truststore", bucket),
        key=key,
        version=domain.truststore_version,
    )

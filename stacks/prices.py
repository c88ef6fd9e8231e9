"""What AWS charges, for estimates, in USD; eu-central-1 and us-east-1 differ by a few per cent.

Taken from aws.amazon.com/<service>/pricing as of November 2026, without free tiers. The dashboard
and docs/runbook.md ("Estimate the cost") use only these numbers.
"""

#: when they were looked up, for us-east-1
AS_OF = "November 2026"
#: on arm64; a quarter more on x86_64
LAMBDA_GB_SECOND = 0.0000133334
LAMBDA_REQUEST = 0.20 / 1_000_000
DYNAMODB_WRITE_UNIT = 0.625 / 1_000_000
DYNAMODB_READ_UNIT = 0.125 / 1_000_000
#: the kept payload of each request
S3_PUT = 5.00 / 1_000_000
#: an API call, with up to ten messages and 64 KB
SQS_REQUEST = 0.40 / 1_000_000
EVENTBRIDGE_EVENT = 1.00 / 1_000_000
LOGS_GB = 0.50
#: an archive charges per GB for taking events and for keeping them
ARCHIVE_GB = 0.10
ARCHIVE_GB_MONTH = 0.023
DYNAMODB_GB_MONTH = 0.25
API_DESTINATION_CALL = 0.20 / 1_000_000
#: a recorded trace
XRAY_TRACE = 5.00 / 1_000_000
#: per month: a metric under an alarm, a custom metric, a dashboard, a secret
ALARM = 0.10
METRIC = 0.30
DASHBOARD = 3.00
SECRET = 0.40
#: per month, without its traffic
NAT_GATEWAY_MONTH = 35.00

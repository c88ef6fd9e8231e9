"""What AWS charges, for estimates: USD, eu-central-1 and us-east-1 differ by some per cent.

Taken from aws.amazon.com/<service>/pricing as of November 2026, without free tiers. The dashboard
and docs/runbook.md ("Estimate the cost") count with these numbers and with no others.
"""

#: when they were looked up; they are those of us-east-1
AS_OF = "November 2026"
#: on arm64; x86_64 is a quarter more
LAMBDA_GB_SECOND = 0.0000133334
LAMBDA_REQUEST = 0.20 / 1_000_000
DYNAMODB_WRITE_UNIT = 0.625 / 1_000_000
DYNAMODB_READ_UNIT = 0.125 / 1_000_000
#: the kept payload of each request
S3_PUT = 5.00 / 1_000_000
#: a call of the API, with up to ten messages and 64 KB
SQS_REQUEST = 0.40 / 1_000_000
EVENTBRIDGE_EVENT = 1.00 / 1_000_000
LOGS_GB = 0.50
#: an archive takes events by the GB, and keeps them
ARCHIVE_GB = 0.10
ARCHIVE_GB_MONTH = 0.023
DYNAMODB_GB_MONTH = 0.25
API_DESTINATION_CALL = 0.20 / 1_000_000
#: a trace that is recorded
XRAY_TRACE = 5.00 / 1_000_000
#: a month of: a metric under an alarm, a metric of one's own, a dashboard, a secret
ALARM = 0.10
METRIC = 0.30
DASHBOARD = 3.00
SECRET = 0.40
#: a month, its traffic apart
NAT_GATEWAY_MONTH = 35.00
